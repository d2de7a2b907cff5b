"""The documents that are generated from the code: which there are, and writing them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from agents import cli_page, settings_page
from agents.gateway import legacy, openapi
from schemas import publish as wire

ROOT: Final = Path(__file__).parent.parent


def documents(emc: cli_page.Group) -> dict[str, str]:
    """Every generated document by its path, of what this layer and those below it declare.

    `emc` is the command of all commands; it and the page of metrics are declared in layers that
    this one does not know, so that `emc docs` brings them together.
    """
    return {
        **wire.documents(),
        "docs/reference/cli.md": cli_page.page(emc),
        "docs/reference/settings.md": settings_page.page(),
        openapi.PATH: openapi.text(legacy.paths()),
    }


def publish(
    made: Mapping[str, str], *, check: bool, say: Callable[[str], None], root: Path = ROOT
) -> int:
    """Write what is stale, or with `check` only say so; the exit status."""
    if not (root / "docs").is_dir():
        say("emc docs: there is no docs folder here; run it in a checkout of the repository")
        return 2
    stale = [
        (path, text)
        for path, text in sorted(made.items())
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]
    for path, text in stale:
        if check:
            say(f"stale: {path} (emc docs)")
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
        say(f"wrote {path}")
    return 1 if check and stale else 0
