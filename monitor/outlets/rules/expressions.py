"""How our metrics are read in PromQL: one instance each, then the highest; rates first."""

from typing import Final

from monitor.outlets.rules.shape import Group, Record

FRESH: Final = "instance:emc_snapshot_timestamp_seconds:fresh"
WITHOUT: Final = "max without (instance, job)"


def shown(metric: str) -> str:
    """A gauge of `emc serve`, of the instances whose answer is not old; the highest of them."""
    return f"{WITHOUT} ({metric} and on (job, instance) {FRESH})"


def highest(metric: str) -> str:
    """A time that only moves on: the latest of all instances."""
    return f"max({metric})"


def rate(counter: str, window: str) -> str:
    """Of each instance first: a restart or a change of instance is no leap."""
    return f"{WITHOUT} (rate({counter}[{window}]))"


def increase(counter: str, window: str) -> str:
    return f"{WITHOUT} (increase({counter}[{window}]))"


def number(value: float) -> str:
    """As PromQL writes it, without what floats add."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def percent(value: float) -> str:
    """A share: 14.4 is 0.144."""
    return number(value / 100)


def fresh(fresh_seconds: int) -> Group:
    """Which instances of `emc serve` show what is so now."""
    expr = f"emc_snapshot_timestamp_seconds > time() - {fresh_seconds}"
    return Group("emc-fresh", [Record(FRESH, expr)])
