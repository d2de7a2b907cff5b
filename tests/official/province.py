"""A generated province with everything official figures are made of: its events, and its files."""

import json
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from agents.generate.country import load
from agents.generate.model import DOSSIERS, PETITIONS, Record, Scenario, claims, records
from tests.servers.require import ROOT

MINIMUM = 15  # dossiers, to have a place
ZONE = timedelta(hours=7)


@dataclass(frozen=True)
class Province:
    """So many dossiers of one province, or ministry, from June 2026 on, until the end of September."""

    code: str = "H57"
    dossiers: int = 2_000
    seed: int = 8
    start: date = date(2026, 6, 1)
    days: int = 122
    until_ms: int = 1 << 62  # what would come later has not come

    @classmethod
    def of_late(cls, now: datetime, code: str, dossiers: int, seed: int) -> "Province":
        """Of the month under way and the two before it, as a service knows it at an instant."""
        today = (now + ZONE).date()
        start = today.replace(day=1)
        for _ in range(2):
            start = (start - timedelta(days=1)).replace(day=1)
        days = (today - start).days + 1
        return cls(code, dossiers, seed, start, days, int(now.timestamp() * 1000))

    @property
    def last(self) -> date:
        """The last of its days."""
        return self.start + timedelta(days=self.days - 1)

    @property
    def months(self) -> list[str]:
        """All of its months, whole or not."""
        days = (self.start + timedelta(days=n) for n in range(self.days))
        return sorted({f"{day:%Y-%m}" for day in days})

    @property
    def scenario(self) -> Scenario:
        return Scenario(
            seed=self.seed,
            dossiers=self.dossiers,
            start=self.start,
            days=self.days,
            duplicates=0.01,
            late=0.01,
            official=True,
            boarded=self.dossiers // 40,
            petitions=4_000,  # more than in Phu Tho, or a small province would have three
            agency=self.code,
        )

    @cached_property
    def records(self) -> list[Record]:
        """In the order of arrival, twice and late ones among them."""
        return [one for one in records(self.scenario) if one.at_ms < self.until_ms]

    @cached_property
    def claims(self) -> list[Record]:
        found = [one for one in claims(self.scenario) if one.at_ms < self.until_ms]
        return [_stated(one) for one in found] + [
            record for n, one in enumerate(found) if (record := self._official(one, n))
        ]

    def _official(self, claim: Record, n: int) -> Record | None:
        """What the national portal would have published of the same month."""
        statement = json.loads(claim.value)
        said = statement["data"]
        if said["indicator"] != "adult_population":
            return None
        for name in ("numerator", "denominator"):
            del said[name]
        said |= {
            "indicator": f"official:qd766:{('2.1', '3.6')[n % 2]}",
            "survey": "Cổng Dịch vụ công quốc gia",
        }
        said |= {"value": f"{10 + n % 7}.{n % 100:02d}", "unit": "points"}
        statement["id"] += "-official"
        return claim._replace(value=json.dumps(statement).encode())

    def lines(self, topic: str = DOSSIERS) -> list[bytes]:
        return [record.value for record in self.records if record.topic == topic]

    def petitions(self) -> list[bytes]:
        return self.lines(PETITIONS)

    def claimed(self) -> list[dict[str, Any]]:
        return [json.loads(record.value)["data"] for record in self.claims]

    def communes(self) -> list[str]:
        return [
            f"{self.code}.{100 + n}" for n in range(1, load().communes.get(self.code, 0) + 1)
        ]

    def departments(self) -> list[str]:
        return [f"{self.code}.{n:02d}" for n in range(1, 15 if self.communes() else 1)]

    def files(self, folder: Path) -> Path:
        """The files that we ship, with the communes of the province, which they leave out."""
        reference = folder / "reference"
        shutil.copytree(ROOT / "deploy" / "reference", reference)
        rows = ["code,name,kind,parent,valid_from,valid_until,successors,basis,source"]
        rows += [
            f"{code},Xã {code},commune,{self.code},2025-07-01,,,assumption,illustrative"
            for code in self.communes()
        ]
        (reference / "agencies" / "communes.csv").write_text("\n".join(rows) + "\n", "utf-8")
        for path in (reference / "procedures").glob("*.csv"):
            _governed(path)
        for path in (reference / "indicators").glob("*.toml"):
            text = path.read_text("utf-8")
            # Or a small province would have nobody to rank.
            path.write_text(
                text.replace("rank_minimum = 100", f"rank_minimum = {MINIMUM}"), "utf-8"
            )
        return reference


def _stated(claim: Record) -> Record:
    """Some surveys tell their share alone."""
    statement = json.loads(claim.value)
    said = statement["data"]
    if said["indicator"] != "satisfaction_survey" or statement["time"][5:7] != "09":
        return claim
    share = Decimal(100 * said.pop("numerator")) / said.pop("denominator")
    said |= {"value": f"{share:.2f}", "unit": "percent"}
    return claim._replace(value=json.dumps(statement).encode())


def _governed(path: Path) -> None:
    """Say of each procedure of which ministry's sector it is, or a sector would be empty."""
    lines = path.read_text("utf-8").splitlines()
    heading = next(n for n, line in enumerate(lines) if line.startswith("code,"))
    if "ministry" in lines[heading].split(","):
        return
    lines[heading] += ",ministry"
    for n in range(heading + 1, len(lines)):
        lines[n] += f",G{1 + n % 3:02d}"
    path.write_text("\n".join(lines) + "\n", "utf-8")
