"""All official figures of a province, calculated from its raw events alone."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.official.facts import Facts, read_catalogue
from tests.official.figures import Card, Figure, card, evaluate, read_set
from tests.official.lives import lives, petitions, read
from tests.official.office import Office, number


def days_of(period: str) -> tuple[int, int, str]:
    """First and last day, and the span, of 2026-08-14, 2026-08, 2026-Q3, 2026-H2 or 2026."""
    year = int(period[:4])
    if len(period) == 10:
        day = number(date.fromisoformat(period))
        return day, day, "day"
    if "Q" in period:
        first = 3 * int(period[-1]) - 2
        last = first + 2
        span = "quarter"
    elif "H" in period:
        first = 6 * int(period[-1]) - 5
        last = first + 5
        span = "half"
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
        self._cards: dict[tuple[str, str, str, int], Card] = {}
        self.sets = {
            path.stem: read_set(path) for path in sorted((folder / "indicators").glob("*.toml"))
        }

    def card(self, set_id: str, scope: str, kind: str, period: str, as_of: int) -> Card:
        """A set's figures of a scope, and their sums."""
        asked = set_id, scope, period, as_of
        if asked not in self._cards:
            first, last, span = days_of(period)
            self.facts.period(first, last, as_of)
            document = self.sets[set_id]

            def ask(term: Mapping[str, Any]) -> int | None:
                return self.facts.fact(term, scope)

            figures = evaluate(
                document,
                ask,
                kind=kind,
                span=span,
                not_issued=lambda claim: self.facts.not_issued(claim, scope),
                last_year=lambda _: 0,  # there is nothing before these days
                one_procedure="+" in scope,
            )
            self._cards[asked] = card(document, figures, ask)
        return self._cards[asked]

    def figures(
        self, set_id: str, scope: str, kind: str, period: str, as_of: int
    ) -> Mapping[str, Figure]:
        """By indicator."""
        return self.card(set_id, scope, kind, period, as_of).figures

    def received(self, scope: str, period: str, as_of: int) -> int:
        """Dossiers received in a period: whether they are enough to be ranked."""
        first, last, _ = days_of(period)
        self.facts.period(first, last, as_of)
        return self.facts.fact({"fact": "received_in_period"}, scope) or 0

    def published(self, set_id: str, scope: str, period: str) -> dict[str, Decimal]:
        """Points that somebody else has published of just this scope and period, by indicator."""
        first, last, _ = days_of(period)
        found = self.facts.claimed(f"official:{set_id}:", scope, first, last)
        return {name: Decimal(value) for name, value in found}

    def agencies(self, kinds: Collection[str], period: str) -> dict[str, str]:
        """Those of some kinds that are listed on a period's last day, and as what they count."""
        return {
            code: {"body": "ministry"}.get(kind, kind)
            for code, kind in self.facts.agencies(days_of(period)[1])
            if kind in kinds
        }

    def procedures(self) -> list[str]:
        """Every procedure of which there is a dossier or a petition."""
        return self.facts.procedures

    def valid(self, period: str) -> list[str]:
        """The sets of a period: it goes by those that are valid on its first day."""
        first = days_of(period)[0]
        return [
            set_id
            for set_id, document in self.sets.items()
            if (since := document.get("valid_from")) is None or number(since) <= first
            if (until := document.get("valid_until")) is None or first < number(until)
        ]
