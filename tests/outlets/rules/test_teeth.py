"""The unit tests have teeth: rules with other thresholds, or without their patience, fail them."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.outlets.rules.files import load, made
from monitor.outlets.rules.yaml import yaml
from tests.outlets.rules.case import KINDS, Case, Told, files
from tests.outlets.rules.suite import AROUND, every
from tests.servers.require import ROOT, require

SAID = load(ROOT / "deploy" / "reference")
COMPARED = re.compile(r"(?<=[<>=] )(\d+(?:\.\d+)?)(?=$|[\s)])")

# They compare a process with 0, or ask whether anything is there: no threshold to move.
NO_THRESHOLD: tuple[str, ...] = ()


def higher(expr: str) -> str:
    """Thresholds far beyond what anything reaches."""
    return COMPARED.sub(lambda found: str(float(found[1]) * 1000 + 1000), expr)


def lower(expr: str) -> str:
    """Thresholds that anything reaches."""
    return COMPARED.sub(lambda found: "-1e12", expr)


def mutants() -> dict[str, Callable[[dict[str, Any]], bool]]:
    """Changes of an alert's rule; each says whether there was anything to change."""

    def expression(change: Callable[[str], str]) -> Callable[[dict[str, Any]], bool]:
        def changed(rule: dict[str, Any]) -> bool:
            before = rule["expr"]
            rule["expr"] = change(before)
            return bool(rule["expr"] != before)

        return changed

    def impatient(rule: dict[str, Any]) -> bool:
        return rule.pop("for", None) is not None

    def forgetful(rule: dict[str, Any]) -> bool:
        return rule.pop("keep_firing_for", None) is not None

    def never(rule: dict[str, Any]) -> bool:
        rule["expr"] = f"({rule['expr']}) and vector(0) > 1"
        return True

    return {
        "higher": expression(higher),
        "lower": expression(lower),
        "impatient": impatient,
        "forgetful": forgetful,
        "never": never,
    }


# What is tried on every build, on the first firing case of each alert; EMC_RULE_MUTANTS=all tries
# the others too, on all cases, for some minutes.
FEW = ("never", "impatient")
ALL = os.environ.get("EMC_RULE_MUTANTS") == "all"


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*FEW, *(["higher", "lower", "forgetful"] if ALL else [])])
def test_a_changed_rule_fails_its_tests(kind: str, tmp_path: Path) -> None:
    tool = require("promtool")
    survived, changed = [], 0
    for told in every():
        if told.files == ("services",):
            continue  # its conditions are in what is recorded: the test below
        folder = tmp_path / told.alert
        if not mutated(told, mutants()[kind], folder):
            continue
        changed += 1
        if passes(tool, told if kind not in FEW else first(told), folder):
            survived.append(told.alert)

    assert survived == [name for name in NO_THRESHOLD if kind in {"higher", "lower"}]
    assert changed > 5


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["higher", "lower"] if ALL else ["higher"])
def test_changed_budgets_fail_the_tests_of_services(kind: str, tmp_path: Path) -> None:
    tool = require("promtool")
    change = {"higher": higher, "lower": lower}[kind]
    for told in every():
        if told.files != ("services",):
            continue
        folder = tmp_path / told.alert
        rules = ruled(folder)
        one = made(SAID)["prometheus/rules/services.yml"]
        for group in one["groups"]:
            for rule in group["rules"]:
                if rule.get("record", "").startswith("emc:"):
                    rule["expr"] = change(rule["expr"])
        (rules / "services.yml").write_text(yaml(one), "utf-8")
        assert not passes(tool, told if ALL else first(told), folder), told.alert


def first(told: Told) -> Told:
    """With its first firing case alone, which says also when it does not fire yet."""
    firing = told.firing if isinstance(told.firing, Case) else told.firing[0]
    none: Any = dict.fromkeys(KINDS, ())
    return replace(told, **none, more=(firing,))


def ruled(folder: Path) -> Path:
    rules = folder / "rules"
    shutil.copytree(ROOT / "deploy" / "prometheus" / "rules", rules)
    return rules


def mutated(told: Told, change: Callable[[dict[str, Any]], bool], folder: Path) -> bool:
    """The rules of a folder, with one alert changed."""
    name = told.files[-1]
    one = made(SAID)[f"prometheus/rules/{name}.yml"]
    (rule,) = (
        rule
        for group in one["groups"]
        for rule in group["rules"]
        if rule.get("alert") == told.alert
    )
    if not change(rule):
        return False
    (ruled(folder) / f"{name}.yml").write_text(yaml(one), "utf-8")
    return True


def passes(tool: str, told: Told, folder: Path) -> bool:
    tests = folder / "tests"
    tests.mkdir()
    for name, content in files(told, texts=False).items():
        (tests / name).write_text(yaml(content), "utf-8")
    done = subprocess.run(
        [tool, "test", "rules", *sorted(tests.glob("*.yml"))],
        capture_output=True,
        timeout=300,
        check=False,
        env=AROUND,
    )
    return done.returncode == 0
