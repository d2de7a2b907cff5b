"""docs/reference/cli.md, written from the commands themselves."""

import inspect
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final, Protocol


class Command(Protocol):
    """What is read of a command: typer carries its own click, so the type is not click's."""

    help: str | None
    params: Any


class Group(Command, Protocol):
    """A command of commands."""

    @property
    def commands(self) -> Mapping[str, Command]: ...


_HEAD: Final = """\
# Commands

<!-- Written by `emc docs` from monitor/cli.py. Do not edit. -->

`emc COMMAND --help` prints the same. The processes are configured by
[environment variables](settings.md), the other commands by their options.

Exit status: 0, it is done; 1, it could not be done, or `emc demo --once` found a difference; 2, a
wrong option, setting, mapping or file, said in one line; 130, ended by Ctrl-C.
"""


def page(emc: Group) -> str:
    """The whole page."""
    return _HEAD + "".join(_section(name, command) for name, command in emc.commands.items())


def _section(name: str, command: Command, level: str = "##") -> str:
    if (commands := getattr(command, "commands", None)) is not None:
        parts = [f"\n{level} emc {name}\n\n{inspect.cleandoc(command.help or '').strip()}\n"]
        parts += (
            _section(f"{name} {part}", one, level + "#") for part, one in commands.items()
        )
        return "".join(parts)
    arguments = (one for one in command.params if one.param_type_name == "argument")
    usage = [f"emc {name}", *(str(one.name).upper() for one in arguments)]
    rows = "".join(_rows(command))
    if rows:
        usage.append("[OPTIONS]")
        rows = f"\n| option | default | meaning |\n|---|---|---|\n{rows}"
    text = inspect.cleandoc(command.help or "").replace("\b", "").strip()
    return f"\n{level} emc {name}\n\n    {' '.join(usage)}\n\n{text}\n{rows}"


def _rows(command: Command) -> Iterator[str]:
    for param in command.params:
        if getattr(param, "hidden", False) or param.name == "help":
            continue
        if param.param_type_name == "argument":
            shown = f"`{str(param.name).upper()}`"
        else:
            shown = ", ".join(f"`{option}`" for option in (*param.opts, *param.secondary_opts))
        meaning = (param.help or "").replace("|", "\\|")
        yield f"| {shown} | {_default(param)} | {meaning} |\n"


def _default(param: Any) -> str:
    if param.required:
        return "required"
    default = param.default
    if default is None or isinstance(default, bool):
        # A switch that is off, and what is left out, need no words.
        return "yes" if default else ""
    if isinstance(default, Enum):
        default = default.value
    if hasattr(default, "date"):
        default = default.date()
    return f"`{default}`"
