"""Records that nobody should count, broken as real ones are, for showing that they are refused."""

from collections.abc import Callable
from random import Random
from typing import Any, Final, TypeAlias

import orjson

_Statement: TypeAlias = dict[str, Any]


def broken(rng: Random, statement: _Statement) -> bytes:
    """The statement, which is spoilt, damaged in one of the `DAMAGES`."""
    return DAMAGES[int(rng.random() * len(DAMAGES))](rng, statement)


def _random_bytes(rng: Random, statement: _Statement) -> bytes:
    # No line feed, which would make two records of one in a file.
    length = len(statement["data"]["dossier"]) * 4
    return bytes(128 + int(rng.random() * 128) for _ in range(length))


def _cut_off(rng: Random, statement: _Statement) -> bytes:
    whole = orjson.dumps(statement)
    return whole[: 1 + int(rng.random() * (len(whole) - 1))]


def _list_for_text(_: Random, statement: _Statement) -> bytes:
    return _with(statement, dossier=[statement["data"]["dossier"]])


def _unknown_state(_: Random, statement: _Statement) -> bytes:
    return _with(statement, state=99)


def _no_agency(_: Random, statement: _Statement) -> bytes:
    del statement["data"]["agency"]
    return orjson.dumps(statement)


def _no_offset(_: Random, statement: _Statement) -> bytes:
    return orjson.dumps(statement | {"time": statement["time"][:19]})


def _year_one(_: Random, statement: _Statement) -> bytes:
    return orjson.dumps(statement | {"time": "0001" + statement["time"][4:]})


def _year_9999(_: Random, statement: _Statement) -> bytes:
    return orjson.dumps(statement | {"time": "9999" + statement["time"][4:]})


def _unknown_type(_: Random, statement: _Statement) -> bytes:
    return orjson.dumps(statement | {"type": "dossier.state.v0"})


def _with(statement: _Statement, **fields: object) -> bytes:
    return orjson.dumps(statement | {"data": statement["data"] | fields})


DAMAGES: Final[tuple[Callable[[Random, _Statement], bytes], ...]] = (
    _random_bytes,
    _cut_off,
    _list_for_text,
    _unknown_state,
    _no_agency,
    _no_offset,
    _year_one,
    _year_9999,
    _unknown_type,
)
