"""`emc` as it is started: Ctrl-C while its modules are still being read is no traceback either."""

import sys


def main() -> None:
    """Read the commands, and run one."""
    try:
        from monitor.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
