"""A generated province with everything official figures are made of: its events, and its files."""

import json
import shutil
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from agents.generate.country import load
from agents.generate.model import DOSSIERS, PETITIONS, Record, Scenario, claims, records
from tests.servers.require import ROOT

MINIMUM = 15  # dossiers, to have a place


@dataclass(frozen=True)
class Province:
    """So many dossiers of one province from 15 June 2026 on, until the end of September."""

    code: str = "H57"
    dossiers: int = 2_000
    seed: int = 8

    @property
    def scenario(self) -> Scenario:
        return Scenario(
            seed=self.seed,
            dossiers=self.dossiers,
            start=date(2026, 6, 1),
            days=122,
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
        return list(records(self.scenario))

    @cached_property
    def claims(self) -> list[Record]:
        return list(claims(self.scenario))

    def lines(self, topic: str = DOSSIERS) -> list[bytes]:
        return [record.value for record in self.records if record.topic == topic]

    def petitions(self) -> list[bytes]:
        return self.lines(PETITIONS)

    def claimed(self) -> list[dict[str, Any]]:
        return [json.loads(record.value)["data"] for record in self.claims]

    def communes(self) -> list[str]:
        return [f"{self.code}.{100 + n}" for n in range(1, load().communes[self.code] + 1)]

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
        for path in (reference / "indicators").glob("*.toml"):
            text = path.read_text("utf-8")
            # Or a small province would have nobody to rank.
            path.write_text(
                text.replace("rank_minimum = 100", f"rank_minimum = {MINIMUM}"), "utf-8"
            )
        return reference
