"""How panels ask: Prometheus for what is live, the ledger for what lies on a day.

In Prometheus a figure is credit less debit, over all instances of `emc serve` the highest, and a
rate is taken before that (ARCHITECTURE.md §2.7). In SQL a figure is a sum of lines of days.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from monitor.domain.measures import CATALOGUE, CLOCK_CATALOGUE, Definition, Measure
from monitor.outlets.dashboards.declare import Sql, Variable
from monitor.outlets.names import FLOWS, Metric, Pair

# News only: what was imported as history or booked anew is no pace of anybody's work.
NEWS: Final = 'class=~"live|late"'
MEASURES: Final[Mapping[int, Definition]] = {
    one.measure: one for one in (*CATALOGUE, *CLOCK_CATALOGUE)
}


def chosen(metric: Metric, *variables: Variable, also: str = "") -> str:
    """A selector of the variables that a metric has as labels."""
    parts = [f'{one}=~"${one}"' for one in variables if str(one) in metric.labels]
    if also:
        parts.append(also)
    return "{" + ", ".join(parts) + "}" if parts else ""


def gauge(metric: Metric, *variables: Variable, also: str = "") -> str:
    """A metric as it is now, whichever instance shows it."""
    return f"max without (instance) ({metric.name}{chosen(metric, *variables, also=also)})"


def pace(metric: Metric, *variables: Variable, also: str = "", suffix: str = "") -> str:
    """How fast a counter rises, a second; with a suffix, the counter of a histogram."""
    selector = chosen(metric, *variables, also=also)
    return f"max without (instance) (rate({metric.name}{suffix}{selector}[$__rate_interval]))"


def within(metric: Metric, window: str, *variables: Variable, also: str = "") -> str:
    """By how much a counter has risen in a window that ends now."""
    selector = chosen(metric, *variables, also=also)
    return f"max without (instance) (increase({metric.name}{selector}[{window}]))"


def summed(expr: str, *by: str) -> str:
    """A sum, by labels if there are any."""
    return f"sum by ({', '.join(by)}) ({expr})" if by else f"sum({expr})"


def figure(pair: Pair, *variables: Variable, by: Sequence[str] = ()) -> str:
    """What an account holds: credit less debit."""
    return " - ".join(
        summed(gauge(side, *variables), *by) for side in (pair.credit, pair.debit)
    )


def news(pair: Pair, *variables: Variable, by: Sequence[str] = ()) -> str:
    """How fast something happens, of what is news."""
    return summed(pace(pair.credit, *variables, also=NEWS), *by)


def flow(measure: int) -> Pair:
    """The counters of a measure."""
    return FLOWS[measure]


# -- SQL

# As queries of their own, which are run once and not for every line.
SINCE: Final = "(SELECT grafana_day($__timeFrom()))"
UNTIL: Final = "(SELECT grafana_day($__timeTo()))"
TODAY: Final = "(SELECT grafana_day(now()))"


def among(variable: Variable) -> str:
    """A condition on a variable, all of its values included."""
    return f"{variable} IN (${{{variable}:sqlstring}})"


def named(*measures: int) -> str:
    """Numbers of measures, with their names for whoever reads the query."""
    numbers = ", ".join(str(int(measure)) for measure in measures)
    return f"({numbers}) /* {', '.join(MEASURES[measure].name for measure in measures)} */"


def lines(*measures: int, where: Sequence[str] = (), columns: str = "") -> str:
    """FROM and WHERE of the lines of the chosen days."""
    conditions = [f"measure IN {named(*measures)}", f"day BETWEEN {SINCE} AND {UNTIL}", *where]
    joined = f"\nCROSS JOIN LATERAL ({columns}) AS derived" if columns else ""
    return (
        "FROM grafana_line AS line JOIN grafana_cell AS cell ON cell.id = line.cell"
        f"{joined}\nWHERE " + "\n  AND ".join(conditions)
    )


def amount(*measures: int) -> str:
    """The sum of some measures' lines."""
    numbers = ", ".join(str(int(measure)) for measure in measures)
    return f"coalesce(sum(amount) FILTER (WHERE measure IN ({numbers})), 0)"


def share(part: Sequence[int], whole: Sequence[int]) -> str:
    """A part of a whole, null where there is none of it: no denominator, no figure."""
    return f"({amount(*part)})::float8 / nullif({amount(*whole)}, 0)"


def by_day(columns: Mapping[str, str], *measures: int, where: Sequence[str] = ()) -> Sql:
    """A point a day for each column."""
    asked = "".join(f',\n       {what} AS "{name}"' for name, what in columns.items())
    return Sql(
        f"SELECT grafana_time(day) AS time{asked}\n"
        f"{lines(*measures, where=where)}\nGROUP BY day ORDER BY day",
        series=True,
    )


def at_once(columns: Mapping[str, str], *measures: int, where: Sequence[str] = ()) -> Sql:
    """One row for all the days."""
    asked = ",\n       ".join(f'{what} AS "{name}"' for name, what in columns.items())
    return Sql(f"SELECT {asked}\n{lines(*measures, where=where)}")


def grouped(
    by: Mapping[str, str],
    columns: Mapping[str, str],
    *measures: int,
    where: Sequence[str] = (),
    order: str = "",
    most: int = 0,
) -> Sql:
    """A row for each group; by default the biggest first, by the first column."""
    keys = ",\n       ".join(f'{what} AS "{name}"' for name, what in by.items())
    asked = "".join(f',\n       {what} AS "{name}"' for name, what in columns.items())
    groups = ", ".join(by.values())
    limit = f"\nLIMIT {most}" if most else ""
    return Sql(
        f"SELECT {keys}{asked}\n{lines(*measures, where=where)}\n"
        f"GROUP BY {groups}\nORDER BY {order or f'{len(by) + 1} DESC NULLS LAST, 1'}{limit}"
    )


# What ended in time, and all that was judged, by each rule.
RULES: Final[Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    "on_time": ((Measure.ON_TIME,), (Measure.ON_TIME, Measure.LATE)),
    "on_time_766": (
        (Measure.ON_TIME_766,),
        (Measure.ON_TIME_766, Measure.LATE_766),
    ),
    "on_time_06b": (
        (Measure.EARLY_06B, Measure.ON_TIME_06B),
        (Measure.EARLY_06B, Measure.ON_TIME_06B, Measure.LATE_06B),
    ),
    "on_time_first_due": (
        (Measure.ON_TIME_FIRST_DUE,),
        (Measure.ON_TIME_FIRST_DUE, Measure.LATE_FIRST_DUE),
    ),
}
