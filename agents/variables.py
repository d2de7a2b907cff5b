"""How a setting is read from its variable: of which type, within which bounds, or from a file.

A secret need not stand in the environment, where every child and every crash report shows it:
`EMC_NAME_FILE` names a file whose one line is the value of `EMC_NAME`, as orchestrators mount
secrets.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, get_type_hints

from monitor.reference.complaints import nearest

PREFIX: Final = "EMC_"
FROM_FILE: Final = "_FILE"
MASK: Final = "***"
_IN_ADDRESS: Final = re.compile(r"(://[^/@?]*?):[^/?]*@")
_IN_QUERY: Final = re.compile(r"\b((?:ssl)?password)=[^&]*")


@dataclass(frozen=True, slots=True)
class Within:
    """Which whole numbers mean something."""

    least: int
    most: int | None = None

    def __contains__(self, number: int) -> bool:
        return self.least <= number and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        if (self.least, self.most) == (0, 1):
            return "0 or 1"
        if self.most is None:
            return f"a whole number from {self.least} on"
        return f"a whole number from {self.least} to {self.most}"


class Hidden(StrEnum):
    """Of what is nobody's business, how much a log may show."""

    ALL = "all"
    PASSWORD = "password"  # noqa: S105 - of an address only the password is hidden


Port = Annotated[int, Within(0, 65_535)]
Switch = Annotated[int, Within(0, 1)]
Percent = Annotated[int, Within(1, 100)]
Number = Annotated[int, Within(0)]
Amount = Annotated[int, Within(1)]
Secret = Annotated[str, Hidden.ALL]
Address = Annotated[str, Hidden.PASSWORD]


class Objection(NamedTuple):
    """What is wrong with a variable, and how to mend it."""

    variable: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.variable} {self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting as the environment has it."""

    field: str
    type: type
    within: Within | None
    hidden: Hidden | None

    @property
    def name(self) -> str:
        """As it is written in the environment."""
        return PREFIX + self.field.upper()

    @property
    def file(self) -> str:
        """The variable that names a file with the value, of a secret."""
        return self.name + FROM_FILE

    @property
    def expected(self) -> str:
        """What it must be, in words."""
        if issubclass(self.type, StrEnum):
            return " or ".join(self.type)
        return str(self.within) if self.within is not None else "text"

    def value(self, text: str) -> Any:
        """What a text means. Raises `ValueError`."""
        found = self.type(text)
        if self.within is not None and found not in self.within:
            raise ValueError(text)
        return found

    def shown(self, value: Any) -> str:
        """The value for a log: what is secret is masked."""
        text = str(value)
        if self.hidden is Hidden.ALL:
            return MASK if text else ""
        return masked(text) if self.hidden is Hidden.PASSWORD else text


def variables(settings: type) -> tuple[Variable, ...]:
    """Those of a dataclass of settings, in their order."""
    hints = get_type_hints(settings, include_extras=True)
    return tuple(_variable(field.name, hints[field.name]) for field in fields(settings))


def _variable(field: str, hint: Any) -> Variable:
    said = getattr(hint, "__metadata__", ())
    within = next((one for one in said if isinstance(one, Within)), None)
    hidden = next((one for one in said if isinstance(one, Hidden)), None)
    return Variable(field, hint.__origin__ if said else hint, within, hidden)


def read(
    known: Iterable[Variable], given: Mapping[str, str]
) -> tuple[dict[str, Any], list[Objection]]:
    """The values that are given, by field, and everything that is wrong with them."""
    values: dict[str, Any] = {}
    wrong: list[Objection] = []
    for one in known:
        text = given.get(one.name)
        if one.hidden and (file := given.get(one.file)):
            if text:
                wrong.append(
                    Objection(
                        one.file, f"is set, and so is {one.name}", "leave one of them out"
                    )
                )
            try:
                text = secret_in(Path(file))
            except ValueError as error:
                wrong.append(
                    Objection(
                        one.file, f"is {file!r}, which {error}", "its one line is the secret"
                    )
                )
                continue
        if text is None:
            continue
        try:
            values[one.field] = one.value(text)
        except ValueError:
            wrong.append(Objection(one.name, f"is {text!r}", f"it must be {one.expected}"))
    return values, wrong


def strangers(
    known: Iterable[Variable], given: Iterable[str], *, only_near: bool = False
) -> list[Objection]:
    """Names that begin as ours do and are none; of these only those that are nearly one."""
    known = tuple(known)
    names = {one.name for one in known} | {one.file for one in known if one.hidden}
    open_files = {one.file for one in known if not one.hidden}
    found = []
    for name in given:
        if not name.startswith(PREFIX) or name in names:
            continue
        if name in open_files:
            found.append(
                Objection(
                    name,
                    "is no setting: only secrets are read from files",
                    f"set {name.removesuffix(FROM_FILE)}",
                )
            )
            continue
        # Without what all begin with, which makes any two of them alike.
        close = nearest(name.removeprefix(PREFIX), {one.removeprefix(PREFIX) for one in names})
        remedy = f"{PREFIX}{close} is one" if close else "docs/reference/settings.md has all"
        if close or not only_near:
            found.append(Objection(name, "is no setting", remedy))
    return found


def secret_in(file: Path) -> str:
    """The one line of a file. Raises `ValueError` that says what is wrong with it."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read ({error})") from None
    filled = [line.strip() for line in lines if line.strip()]
    if len(filled) != 1:
        raise ValueError("is empty" if not filled else "has more than one line")
    return filled[0]


def masked(address: str) -> str:
    """An address without the password in it."""
    return _IN_QUERY.sub(rf"\1={MASK}", _IN_ADDRESS.sub(rf"\1:{MASK}@", address))
