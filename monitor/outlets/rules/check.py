"""Whether rules of Prometheus read what is there: names and labels, each by file and line.

Names need nothing but the file. Where `promtool` is installed it says what is wrong with syntax.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from monitor.outlets.names import Metric, Type
from monitor.reference.complaints import Complaint, nearest

# What Prometheus adds to every sample of a target.
OF_A_TARGET: Final = frozenset({"job", "instance"})
OF_A_HISTOGRAM: Final = ("_bucket", "_count", "_sum")
# Of others, with the labels that a target's own file may add to them.
PROBES: Final = frozenset({"job", "instance", "source", "interface", "module"})
OF_OTHERS: Final = re.compile(
    r"up|scrape_\w+|ALERTS|ALERTS_FOR_STATE|(?:process|python|prometheus|alertmanager|go|node)_\w+"
)
_PROBE: Final = re.compile(r"probe_\w+")

_KEYWORDS: Final = frozenset(
    [
        "and",
        "or",
        "unless",
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "bool",
        "offset",
        "inf",
        "nan",
        "start",
        "end",
    ]
)
_TOKENS: Final = re.compile(
    r"""
    (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    |(?P<range>\[[^\]]*\])
    |(?P<number>(?:0x[0-9a-fA-F]+|\d[\d.eE]*(?:ms|[smhdwy])?(?:\d+[smhdwy])*))
    |(?P<word>[a-zA-Z_:][\w:]*)
    |(?P<mark>[{}()=!~<>,+\-*/%^@])
    |(?P<space>\s+|\#[^\n]*)
    """,
    re.VERBOSE,
)
_GROUPING: Final = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})


@dataclass(frozen=True, slots=True)
class Read:
    """A metric that an expression reads, with the labels that it selects by."""

    name: str
    labels: tuple[str, ...]


def exported(metrics: Iterable[Metric]) -> dict[str, frozenset[str]]:
    """The labels of every series that processes export, by its name."""
    found: dict[str, frozenset[str]] = {}
    for metric in metrics:
        labels = OF_A_TARGET | set(metric.labels)
        if metric.type is Type.HISTOGRAM:
            for end in OF_A_HISTOGRAM:
                found[metric.name + end] = frozenset(labels)
        else:
            found[metric.name] = frozenset(labels)
    return found


def check(folder: Path, metrics: Iterable[Metric]) -> list[str]:
    """Every complaint about the rules of a folder, `file:line: reason: remedy`."""
    paths = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    if not paths:
        return [
            str(Complaint(folder, 1, "no rules", "name a folder with files that end in .yml"))
        ]
    found: list[Complaint] = []
    misshapen: set[Path] = set()
    rules: list[tuple[Path, yaml.MappingNode]] = []
    for path in paths:
        try:
            rules += [(path, rule) for rule in _rules(path)]
        except _Misshapen as error:
            misshapen.add(path)
            found.append(Complaint(path, error.line, str(error), error.remedy))
    known = exported(metrics)
    recorded = {_value(rule, "record") for _, rule in rules} - {None}
    for path, rule in rules:
        found += _complaints(path, rule, known, recorded)
    if (tool := promtool()) is not None:
        # Of a file that is none it would only say the same again.
        whole = (path for path in paths if path not in misshapen)
        found += [one for path in whole for one in _syntax(tool, path)]
    return [str(one) for one in sorted(set(found))]


def promtool() -> str | None:
    """Where promtool is; without it syntax is not looked at."""
    return shutil.which("promtool")


class _Misshapen(Exception):
    def __init__(self, line: int, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.line = line
        self.remedy = remedy


def _rules(path: Path) -> Iterator[yaml.MappingNode]:
    try:
        root = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _Misshapen(line, f"no YAML ({error.problem})", "correct the syntax") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _Misshapen(1, f"cannot be read ({error})", "give a UTF-8 text file") from None
    for group in _items(_under(root, "groups")):
        yield from (
            rule
            for rule in _items(_under(group, "rules"))
            if isinstance(rule, yaml.MappingNode)
        )


def _under(node: Any, key: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return value
    line = node.start_mark.line + 1 if node is not None else 1
    raise _Misshapen(line, f"no `{key}`", "write groups, and in each a name and rules")


def _items(node: Any) -> list[Any]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _value(rule: yaml.MappingNode, key: str) -> str | None:
    found = next((value for name, value in rule.value if name.value == key), None)
    return found.value if isinstance(found, yaml.ScalarNode) else None


def _complaints(
    path: Path,
    rule: yaml.MappingNode,
    known: Mapping[str, frozenset[str]],
    recorded: Iterable[str | None],
) -> Iterator[Complaint]:
    node = next((value for name, value in rule.value if name.value == "expr"), None)
    if not isinstance(node, yaml.ScalarNode):
        line = rule.start_mark.line + 1
        yield Complaint(path, line, "a rule without `expr`", "write what it evaluates")
        return
    ours = set(recorded)
    labels_of_all: set[str] = set(OF_A_TARGET)
    open_ended = False
    reads = list(reading(node.value))
    for read, place in reads:
        # A block begins on the line after its key.
        line = node.start_mark.line + 1 + node.value.count("\n", 0, place)
        line += 1 if node.style in {"|", ">"} else 0
        if read.name in ours or OF_OTHERS.fullmatch(read.name):
            open_ended = True
            continue
        labels = PROBES if _PROBE.fullmatch(read.name) else known.get(read.name)
        if labels is None:
            meant = nearest(read.name, {*known, *filter(None, ours)})
            yield Complaint(
                path,
                line,
                f"no process exports {read.name}",
                f"write {meant}" if meant else "see docs/reference/metrics.md",
            )
            open_ended = True
            continue
        labels_of_all |= labels
        for label in read.labels:
            if label not in labels:
                meant = nearest(label, labels)
                yield Complaint(
                    path,
                    line,
                    f"{read.name} has no label {label}",
                    f"write {meant}" if meant else f"it has {', '.join(sorted(labels))}",
                )
    if open_ended or not reads:
        return  # what is recorded may have any label
    labels_of_all |= set(
        re.findall(r'label_(?:replace|join)\(.*?,\s*"(\w+)"', node.value, re.DOTALL)
    )
    for label, place in grouping(node.value):
        if label not in labels_of_all:
            line = node.start_mark.line + 1 + node.value.count("\n", 0, place)
            line += 1 if node.style in {"|", ">"} else 0
            meant = nearest(label, labels_of_all)
            yield Complaint(
                path,
                line,
                f"nothing that is read has a label {label}",
                f"write {meant}" if meant else "group by a label of the metric",
            )


def reading(expr: str) -> Iterator[tuple[Read, int]]:
    """Every metric that an expression reads, and where."""
    tokens = list(_tokens(expr))
    depth_of_grouping = -1
    depth = 0
    for place, (kind, text, at) in enumerate(tokens):
        following = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        if text == "(":
            depth += 1
            if place and tokens[place - 1][1] in _GROUPING:
                depth_of_grouping = depth
        elif text == ")":
            if depth == depth_of_grouping:
                depth_of_grouping = -1
            depth -= 1
        if kind != "word" or depth_of_grouping >= 0 or _inside_braces(tokens, place):
            continue
        if following == "(" or text.lower() in _KEYWORDS or _is_aggregation(tokens, place):
            continue
        yield Read(text, tuple(_selected(tokens, place + 1))), at


def grouping(expr: str) -> Iterator[tuple[str, int]]:
    """Every label that an expression groups or matches by, and where."""
    tokens = list(_tokens(expr))
    for place, (_, text, _) in enumerate(tokens):
        if text in _GROUPING and place + 1 < len(tokens) and tokens[place + 1][1] == "(":
            for kind, inner, at in tokens[place + 2 :]:
                if inner == ")":
                    break
                if kind == "word":
                    yield inner, at


def _tokens(expr: str) -> Iterator[tuple[str, str, int]]:
    for found in _TOKENS.finditer(expr):
        kind = str(found.lastgroup)
        if kind not in {"space", "range"}:
            yield kind, found.group(), found.start()


def _inside_braces(tokens: list[tuple[str, str, int]], place: int) -> bool:
    for _, text, _ in reversed(tokens[:place]):
        if text == "}":
            return False
        if text == "{":
            return True
    return False


def _is_aggregation(tokens: list[tuple[str, str, int]], place: int) -> bool:
    """`sum` of `sum by (x) (...)`."""
    return place + 1 < len(tokens) and tokens[place + 1][1] in {"by", "without"}


def _selected(tokens: list[tuple[str, str, int]], place: int) -> Iterator[str]:
    if place >= len(tokens) or tokens[place][1] != "{":
        return
    for kind, text, _ in tokens[place + 1 :]:
        if text == "}":
            return
        if kind == "word":
            yield text


def _syntax(tool: str, path: Path) -> Iterator[Complaint]:
    done = subprocess.run(
        [tool, "check", "rules", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 0:
        return
    said = re.sub(r"^.*?FAILED:\s*", "", done.stderr or done.stdout, flags=re.DOTALL)
    # Each complaint begins with the path, as `5:11: ...`, `yaml: line 6: ...`, or with the line
    # farther on: `yaml: unmarshal errors: line 6: ...`.
    for told in filter(None, re.split(rf"^{re.escape(str(path))}: ", said, flags=re.MULTILINE)):
        reason = " ".join(told.split())
        place = re.match(r"(\d+):", reason) or re.search(r"\bline (\d+)", reason)
        line = int(place[1]) if place else 1
        yield Complaint(path, line, f"promtool: {reason}", "correct the rule")
