"""All official figures of a province, calculated from its raw events alone."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tests.official.facts import Facts, read_catalogue
from tests.official.figures import Figure, evaluate, read_set
from tests.official.lives import lives, petitions, read
from tests.official.office import Office, number


def days_of(period: str) -> tuple[int, int, str]:
    """First and last day, and the span, of 2026-08, 2026-Q3 or 2026."""
    year = int(period[:4])
    if "Q" in period:
        first = 3 * int(period[-1]) - 2
        last = first + 2
        span = "quarter"
    elif len(period) == 4:
        first, last, span = 1, 12, "year"
    else:
        first = last = int(period[5:])
        span = "month"
    end = date(year + last // 12, last % 12 + 1, 1)
    return number(date(year, first, 1)), number(end) - 1, span


class Second:
    """The second calculation of a province's figures."""

    def __init__(
        self,
        dossiers: list[bytes],
        told: list[bytes],
        claims: list[dict[str, Any]],
        folder: Path,
    ) -> None:
        office = Office(folder / "calendars" / "vietnam.toml")
        catalogue = read_catalogue(folder)
        self.facts = Facts(
            lives(read(dossiers), catalogue, office),
            petitions(read(told), office),
            claims,
            folder,
            office,
        )
        self.sets = {
            path.stem: read_set(path) for path in sorted((folder / "indicators").glob("*.toml"))
        }

    def figures(
        self, set_id: str, scope: str, kind: str, period: str, as_of: int, procedure: str = ""
    ) -> Mapping[str, Figure]:
        """A set's figures, by indicator."""
        first, last, span = days_of(period)
        self.facts.period(first, last, as_of)
        return evaluate(
            self.sets[set_id],
            lambda term: self.facts.fact(term, scope, procedure),
            kind=kind,
            span=span,
            not_issued=lambda claim: self.facts.not_issued(claim, scope),
            last_year=lambda _: 0,  # there is nothing before June 2026
            one_procedure=bool(procedure),
        )

    def valid(self, set_id: str, period: str) -> bool:
        """A period goes by the set that is valid on its first day."""
        first, document = days_of(period)[0], self.sets[set_id]
        since, until = document.get("valid_from"), document.get("valid_until")
        return (since is None or number(since) <= first) and (
            until is None or first < number(until)
        )
