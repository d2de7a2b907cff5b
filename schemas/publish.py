"""`python -m schemas.publish [--check]`: the documents that are generated from the types.

JSON Schema for each type of event, one AsyncAPI 3 document, and the page of the reference.
"""

import argparse
import inspect
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.cloudevents import CONTENT_TYPE
from schemas.inbound import KIND_OF, ONLY_INBOUND, data_of
from schemas.kinds import KINDS, TOPICS, Kind
from schemas.refusal import Reason
from schemas.uses import USES, Elsewhere, uses_of, without_events

ROOT: Final = Path(__file__).parent.parent
EXAMPLES: Final = "schemas/examples"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
# SemVer of the wire: a type never changes its meaning, a field is only ever added.
VERSION: Final = "1.2.0"
BINARY: Final = ("specversion", "id", "source", "type", "time", "arrival")

Json = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m schemas.publish", description=__doc__)
    parser.add_argument("--check", action="store_true", help="say what is stale, write nothing")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    options = parser.parse_args(arguments)
    stale = [
        (path, text)
        for path, text in documents().items()
        if not (options.root / path).is_file()
        or (options.root / path).read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        if options.check:
            sys.stdout.write(f"stale: {path} (python -m schemas.publish)\n")
        else:
            (options.root / path).parent.mkdir(parents=True, exist_ok=True)
            (options.root / path).write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path}\n")
    return 1 if options.check and stale else 0


def documents() -> dict[str, str]:
    """Every generated document by its path."""
    made = {f"schemas/json/{kind.type}.json": _json(schema(kind)) for kind in KINDS.values()}
    made["schemas/asyncapi.json"] = _json(asyncapi())
    made["docs/reference/events.md"] = reference()
    made["docs/reference/event-uses.md"] = event_uses()
    return made


def schema(kind: Kind) -> Json:
    """JSON Schema of an event in structured mode."""
    (top,), components = msgspec.json.schema_components(
        [kind.event], ref_template="#/$defs/{name}"
    )
    name = top["$ref"].rpartition("/")[2]
    return {
        "$schema": DIALECT,
        "$id": f"urn:emc:schema:{kind.type}",
        **components.pop(name),
        "$defs": _cleaned(components),
    }


def _cleaned(components: Json) -> Json:
    """Docstrings as descriptions, without the margin they have in the code."""
    for component in components.values():
        component["description"] = inspect.cleandoc(component.get("description", ""))
    return components


def asyncapi() -> Json:
    """The topics, and what travels on them in either mode of CloudEvents."""
    _, components = msgspec.json.schema_components(
        [kind.event for kind in KINDS.values()], ref_template="#/components/schemas/{name}"
    )
    messages = {name: message for kind in KINDS.values() for name, message in _messages(kind)}
    channels = {
        topic.name: {
            "address": topic.name,
            "description": topic.meaning,
            "messages": {
                name: {"$ref": f"#/components/messages/{name}"}
                for kind in KINDS.values()
                if kind.topic == topic
                for name, _ in _messages(kind)
            },
            "bindings": {"kafka": {"topic": topic.name, "bindingVersion": "0.5.0"}},
        }
        for topic in TOPICS
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "emc-monitor events",
            "version": VERSION,
            "description": "What systems that handle administrative procedures tell the "
            "monitor: CloudEvents 1.0 on Kafka, structured or binary.",
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": channels,
        "operations": {
            f"follow.{topic}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{topic}"},
                "summary": "The monitor reads every event and measures it, or refuses it with "
                "a reason.",
                "messages": [
                    {"$ref": f"#/channels/{topic}/messages/{name}"}
                    for name in channel["messages"]
                ],
            }
            for topic, channel in channels.items()
        },
        "components": {"messages": messages, "schemas": _cleaned(components)},
    }


def _messages(kind: Kind) -> list[tuple[str, Json]]:
    """The message of a kind in structured and in binary mode."""
    attributes = schema(kind)["properties"]
    about = {
        "title": kind.type,
        "summary": _line(_meaning(kind)),
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": kind.topic.key_meaning},
                "bindingVersion": "0.5.0",
            }
        },
    }
    structured = {
        "name": kind.type,
        **about,
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "properties": {"content-type": {"type": "string", "const": CONTENT_TYPE}},
        },
        "payload": {"$ref": f"#/components/schemas/{kind.event.__name__}"},
    }
    binary = {
        "name": f"{kind.type}.binary",
        **about,
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": [f"ce_{field}" for field in BINARY if field != "arrival"],
            "properties": {f"ce_{field}": attributes[field] for field in BINARY},
        },
        "payload": {"$ref": f"#/components/schemas/{kind.data.__name__}"},
    }
    return [(kind.type, structured), (f"{kind.type}.binary", binary)]


def reference() -> str:
    """The page of the reference: fields of each event, and the reasons of refusals."""
    lines = [
        "# Events",
        "",
        "<!-- Generated by `python -m schemas.publish`. Do not edit. -->",
        "",
        (
            "Events are CloudEvents 1.0 in JSON, in structured mode (one JSON object; the header "
            f"`content-type: {CONTENT_TYPE}` may say so) or in binary mode (attributes in headers "
            "`ce_specversion`, `ce_id`, `ce_source`, `ce_type`, `ce_time`, `ce_arrival`; the value "
            "is `data`). Fields that are not named here are ignored; `null` in an optional field "
            "is the same as leaving it out. A record has at most 65,536 bytes."
        ),
        "",
    ]
    lines += ["| type | topic | meaning |", "|---|---|---|"]
    for kind in KINDS.values():
        (meaning, *_) = _meaning(kind).split("\n\n")
        anchor = kind.type.replace(".", "")
        lines.append(f"| [`{kind.type}`](#{anchor}) | `{kind.topic.name}` | {_line(meaning)} |")
    lines += ["", "## Topics", "", "| topic | meaning | key of a record |", "|---|---|---|"]
    lines += [f"| `{of.name}` | {of.meaning} | {of.key_meaning} |" for of in TOPICS]
    (first, *_) = KINDS.values()
    envelope = schema(first)
    del envelope["properties"]["data"]
    lines += ["", "## Envelope", "", "The same for all types.", "", *_table(envelope, {}), ""]
    lines += _only_inbound()
    for kind in KINDS.values():
        defs = schema(kind)["$defs"]
        data = defs[kind.data.__name__]
        lines += [
            f"## {kind.type}",
            "",
            _meaning(kind),
            "",
            f"Topic `{kind.topic.name}`. Example: `{EXAMPLES}/{kind.type}.json`.",
            "",
            *_table(data, defs),
            "",
        ]
        for name, field in data["properties"].items():
            part = _said(field).get("items", {}).get("$ref", "").rpartition("/")[2]
            if part:
                lines += [f"Each of `{name}`:", "", *_table(defs[part], defs), ""]
    lines += [
        "## Refusals",
        "",
        (
            "A record that is no event is kept in quarantine with its reason and the name of the "
            "field, and counted against its source."
        ),
        "",
        "| reason | meaning |",
        "|---|---|",
        *(f"| `{reason}` | {reason.meaning} |" for reason in Reason),
        "",
    ]
    return "\n".join(lines)


def _only_inbound() -> list[str]:
    """Fields that a source may send, and that no canonical event has."""
    lines = [
        "## What only a source sends",
        "",
        (
            "In `data`, on the way to the edge alone: it reads these fields, and they go nowhere. "
            "All are optional texts."
        ),
        "",
        "| field | of | meaning | example |",
        "|---|---|---|---|",
    ]
    for name, type_ in ONLY_INBOUND.items():
        of = [
            f"[`{kind.type}`](#{kind.type.replace('.', '')})"
            for event, kind in KIND_OF.items()
            if name in data_of(event).__struct_fields__
        ]
        said = msgspec.json.schema(type_)
        (example,) = said["examples"]
        lines.append(
            f"| `{name}` | {', '.join(of)} | {said['description']} | `{json.dumps(example)}` |"
        )
    return [*lines, ""]


def event_uses() -> str:
    """The page that says which figure is made from which events."""
    lines = [
        "# What events are for",
        "",
        "<!-- Generated by `python -m schemas.publish` from `schemas/uses.py`. Do not edit. -->",
        "",
        (
            "Which type of event each measure and each official indicator is made from. Without "
            "those it *needs* a figure cannot be told; those it *reads* move it where they come. "
            "What comes from elsewhere is never counted from events."
        ),
        "",
    ]
    for group, uses in USES.items():
        lines += [
            f"## {group}",
            "",
            "| name | meaning | needs | reads | from elsewhere |",
            "|---|---|---|---|---|",
            *(
                f"| {use.name} | {use.meaning} | {_types(use.needs)} | {_types(use.reads)} "
                f"| {', '.join(use.elsewhere)} |"
                for use in uses
            ),
            "",
        ]
    lines += [
        "## From elsewhere",
        "",
        "| source | meaning |",
        "|---|---|",
        *(f"| {place} | {place.meaning} |" for place in Elsewhere),
        "",
        "No event tells anything of these:",
        "",
        *(f"- {name}" for name in without_events()),
        "",
        "## By type of event",
        "",
        "| type | for |",
        "|---|---|",
        *(f"| {_types((type_,))} | {', '.join(uses_of(type_))} |" for type_ in KINDS),
        "",
    ]
    return "\n".join(lines)


def _types(types: Sequence[str]) -> str:
    return ", ".join(f"[`{type_}`](events.md#{type_.replace('.', '')})" for type_ in types)


def _meaning(kind: Kind) -> str:
    return inspect.cleandoc(kind.data.__doc__ or "")


def _line(text: str) -> str:
    return " ".join(text.split())


def _table(of: Json, defs: Json) -> list[str]:
    return [
        "| name | type | required | meaning | example |",
        "|---|---|---|---|---|",
        *(
            _row(name, field, defs, required=name in of.get("required", ()))
            for name, field in of["properties"].items()
        ),
    ]


def _said(field: Json) -> Json:
    """An optional field is its own schema or null."""
    choices = field.get("anyOf", [])
    return choices[0] if {"type": "null"} in choices else field


def _row(name: str, field: Json, defs: Json, *, required: bool) -> str:
    said = _said(field)
    words = defs.get(said.get("$ref", "").rpartition("/")[2], said).get("enum", [])
    kind = said.get("type", "string")
    # The tag is a choice of one, and has no description.
    meaning = said.get("description", "The type of event.")
    if len(words) > 1:
        meaning += " One of " + ", ".join(f"`{word}`" for word in words) + "."
    (example, *_) = said.get("examples") or words
    shown = msgspec.json.encode(example).decode()
    return f"| `{name}` | {kind} | {'yes' if required else 'no'} | {meaning} | `{shown}` |"


def _json(document: Json) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


if __name__ == "__main__":  # pragma: no cover - tests call main
    sys.exit(main(sys.argv[1:]))
