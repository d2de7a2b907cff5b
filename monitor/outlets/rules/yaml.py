"""YAML as we write it: blocks, texts in quotes, and the same bytes for the same values."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z_][\w./-]*")
_ROW: Final = 88  # a list of texts that is shorter stands in a line
_NOT_TEXT: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def yaml(value: Any) -> str:
    """A document."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping) and value:
        lines: list[str] = []
        for key, inner in value.items():
            lines += _entry(f"{_scalar(str(key))}:", inner)
        return lines
    if _is_list(value) and all(isinstance(one, str) for one in value):
        row = f"[{', '.join(map(_quoted, value))}]"
        return [row] if len(row) < _ROW else [f"- {_scalar(one)}" for one in value]
    if _is_list(value):
        lines = []
        for inner in value:
            first, *rest = _lines(inner)
            lines += [f"- {first}", *(f"  {line}" if line else "" for line in rest)]
        return lines
    # Quotes in quotes are hard to read; a block has none.
    if isinstance(value, str) and (
        "\n" in value or ({"'", '"'} <= set(value)) or ('"' in value and len(value) > _ROW)
    ):
        return ["|-", *(f"  {line}" if line else "" for line in value.splitlines())]
    return [_scalar(value)]


def _entry(head: str, inner: Any) -> list[str]:
    first, *rest = _lines(inner)
    below = (isinstance(inner, Mapping) and inner) or (_is_list(inner) and first[0] == "-")
    if below:
        return [head, *(f"  {line}" if line else "" for line in (first, *rest))]
    return [f"{head} {first}", *rest]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return _quoted(value)


def _quoted(value: Any) -> str:
    """JSON is YAML; what has quotes in it reads better between single ones."""
    if isinstance(value, str) and '"' in value:
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)
