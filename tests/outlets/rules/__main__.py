"""Write the unit tests of the rules for promtool: `make rules`."""

from tests.outlets.rules.suite import FOLDER, written


def main() -> None:
    """Write them all, and remove those of alerts that are gone."""
    made = written()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.yml"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
