"""Compiles what runs for every event into extension modules: `make compiled`, `make pure`.

With mypyc. The Python sources stay what is written, read and tested, and what runs wherever nothing was
compiled: an extension module beside a source is imported in its stead. It needs gcc and Python's
headers, and is made anew after every change of the sources.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("monitor", "agents", "schemas")
# What runs for every event; the rest is read once, asked by people, or waits for servers.
HOT: Final = (
    "agents/hearing",
    "agents/sheet",
    "agents/shelf",
    "monitor/domain/binding",
    "monitor/domain/calendar",
    "monitor/domain/clocks",
    "monitor/domain/codes",
    "monitor/domain/deadlines",
    "monitor/domain/fold",
    "monitor/domain/hours",
    "monitor/domain/lifecycle",
    "monitor/domain/measures",
    "monitor/domain/policy",
    "monitor/domain/post",
    "monitor/domain/procedure",
    "monitor/domain/reckoning",
    "monitor/domain/traits",
    "monitor/domain/view",
    "monitor/domain/warning",
    "monitor/domain/zone",
    "monitor/ledger/packing",
    "monitor/ledger/references",
    "monitor/ledger/unit",
    "schemas/state",
    "schemas/texts",
    "schemas/times",
)
GROUP: Final = "emc_hot"  # the module with the code of all the others


def compile_hot(into: Path, *, optimise: int = 3) -> None:
    """Put extension modules beside the sources below a folder that has the packages."""
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    remove(into)
    here = Path.cwd()
    with TemporaryDirectory(prefix="emc-compile-") as folder:
        for package in PACKAGES:
            shutil.copytree(
                into / package,
                Path(folder, package),
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        os.chdir(folder)  # mypyc names modules by where they lie from here
        try:
            extensions = mypycify(
                [
                    "--config-file=",
                    "--explicit-package-bases",
                    f"--cache-dir={ROOT / '.cache' / 'mypyc'}",
                    *(f"{name}.py" for name in HOT),
                ],
                opt_level=str(optimise),
                debug_level="0",
                group_name=GROUP,
            )
            build = build_ext(Distribution({"name": GROUP, "ext_modules": extensions}))
            build.build_lib, build.build_temp = "made", "objects"
            build.parallel = os.cpu_count()
            build.ensure_finalized()
            build.run()
        finally:
            os.chdir(here)
        for made in Path(folder, "made").rglob("*.so"):
            shutil.copy(made, into / made.relative_to(Path(folder, "made")))


def remove(into: Path) -> list[Path]:
    """Take all extension modules away; which there were."""
    found = [*into.glob(f"{GROUP}__mypyc.*.so")]
    for package in PACKAGES:
        found += (into / package).rglob("*.so")
    for path in found:
        path.unlink()
    return found


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--into", type=Path, default=ROOT, help="a copy of this repository")
    parser.add_argument("--optimise", type=int, default=3, help="gcc's level, 0 to 3")
    parser.add_argument("--remove", action="store_true", help="back to the Python sources")
    given = parser.parse_args(arguments)
    if given.remove:
        print(f"took away {len(remove(given.into))} extension modules")
        return 0
    if shutil.which("gcc") is None:
        print("compile_hot: no gcc on the path: install gcc", file=sys.stderr)
        return 2
    compile_hot(given.into, optimise=given.optimise)
    print(f"compiled {len(HOT)} modules; again after each change")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
