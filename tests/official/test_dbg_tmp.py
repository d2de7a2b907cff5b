import os
from tests.official import test_second_calculation as t
from tests.official.province import Province
from collections import Counter
import pytest
from tests.official.real import officials
from tests.official.second import Second

CASES = [("H57", 11, 3000), ("H56", 3, 4000), ("H19", 4, 3000), ("H44", 5, 3000)]


@pytest.mark.parametrize("case", CASES)
async def test_x(database, tmp_path, case):
    code, seed, n = case
    P = Province(code=code, dossiers=n, seed=seed)
    folder = P.files(tmp_path)
    second = Second(P.lines(), P.petitions(), P.claimed(), folder)
    async with officials(database, P, folder) as first:
        g = await first.ground(None)
        b = t.Both(first, second, g.known.as_of_day)
        sc = {
            code: "province",
            f"{code}.08": "department",
            f"{code}.04": "department",
        } | dict.fromkeys(P.communes()[:3], "commune")
        tot = 0
        diff = []
        for per in ("2026-06", "2026-07", "2026-09", "2026-Q3", "2026", "2026-Q2"):
            for s in second.sets:
                if second.valid(s, per):
                    k, f = await b.differences(s, sc, per)
                    tot += k
                    diff += f
        print("CASE", case, tot, len(diff))
        for d in diff[:12]:
            print("DIFF", d)
