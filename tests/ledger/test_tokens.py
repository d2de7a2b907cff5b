"""Tokens: the same in Python and in PostgreSQL, and nothing that a code could be read from."""

import asyncpg
import pytest

from monitor.domain.policy import Policy, Precision
from monitor.domain.zone import Zone
from monitor.ledger import tokens
from monitor.ledger.policies import Policies
from monitor.reference.sets import plain_set, set_of
from tests.ledger.roles import roles
from tests.outlets.writer import Writer, dossier
from tests.servers.require import ROOT

DENIED = asyncpg.InsufficientPrivilegeError


def test_a_token_is_the_beginning_of_a_hash_of_secret_and_key():
    assert tokens.token(b"\x01" * 32, "H56.12-260302-0001") == "7290c9cda8780f1d0884"
    assert tokens.token(b"\x02" * 32, "H56.12-260302-0001") != "7290c9cda8780f1d0884"


def test_no_code_of_a_dossier_looks_like_a_token():
    assert tokens.is_token("7290c9cda8780f1d0884")
    for code in ("H56.12-260302-0001", "7290C9CDA8780F1D0884", "s|7290c9cda8780f1d0884", ""):
        assert not tokens.is_token(code)


async def test_dashboards_see_the_token_that_python_makes_and_a_reader_finds_its_dossier(
    database: str,
):
    async with Writer.on(database) as writer:
        cell = await writer.cell("H56.12", 2, 4)
        await writer.book(
            dossiers=[
                dossier("H56.12-260302-0001", outcome=4, cell=cell, due_ms=1_000),
                dossier("H56.12-260302-0002", outcome=6, cell=cell, due_ms=None),
            ]
        )
    async with roles(database) as address:
        grafana = await asyncpg.connect(address("emc_grafana"))
        reader = await asyncpg.connect(address("emc_reader"))
        try:
            rows = await grafana.fetch("SELECT token, agency, office, due FROM grafana_open")
            with pytest.raises(DENIED):
                await grafana.fetch("SELECT secret FROM token_secret")

            secret = await tokens.secret(reader)
            ended = tokens.token(secret, "H56.12-260302-0002")
            found = [
                await tokens.dossier_of(reader, said)
                for said in (rows[0]["token"], ended, "0" * tokens.DIGITS)
            ]
        finally:
            await grafana.close()
            await reader.close()

    assert [tuple(row) for row in rows] == [
        (tokens.token(secret, "H56.12-260302-0001"), "H56", "H56.12", "overdue")
    ]
    assert found == ["H56.12-260302-0001", "H56.12-260302-0002", None]


async def test_every_ledger_has_a_secret_of_its_own(database: str, postgres):
    other = await postgres.create()
    secrets = []
    for dsn in (database, postgres.dsn(other)):
        async with Writer.on(dsn) as writer:
            secrets.append(await tokens.secret(writer.ledger._pool))
    await postgres.drop(other)

    assert len(secrets[0]) == 32
    assert secrets[0] != secrets[1]


async def test_queries_know_whose_days_are_counted_and_who_stands_where_an_agency_did(
    database: str,
):
    async with (
        Writer.on(database),
        asyncpg.create_pool(database, min_size=0, max_size=1) as pool,
    ):
        before = await pool.fetchrow("SELECT zone, by_date FROM grafana_policy")
        reference, _ = set_of(ROOT / "deploy" / "reference")
        await Policies(pool).register(reference)
        after = await pool.fetchrow("SELECT zone, by_date FROM grafana_policy")
        names = {
            row["booked"]: (row["agency"], row["name"])
            for row in await pool.fetch("SELECT * FROM grafana_agency")
        }

    assert tuple(before) == ("Asia/Ho_Chi_Minh", False)
    assert tuple(after) == ("Asia/Ho_Chi_Minh", False)
    assert names["H56"] == ("H56", "Thanh Hóa")
    assert names["H25"] == ("H42", "Ninh Bình"), "Hà Nam became part of Ninh Bình"


async def test_a_deployment_without_files_has_a_zone_and_a_precision_too(database: str):
    policy = Policy(Zone("Asia/Tokyo"), Precision.DATE)
    async with (
        Writer.on(database),
        asyncpg.create_pool(database, min_size=0, max_size=1) as pool,
    ):
        await Policies(pool).register(plain_set(policy))

        said = await pool.fetchrow(
            "SELECT zone, by_date, grafana_day('2026-03-01T15:00:00Z') AS day,"
            " grafana_time(20514) AS at FROM grafana_policy"
        )

    assert tuple(said)[:3] == ("Asia/Tokyo", True, 20_514)
    assert said["at"].isoformat() == "2026-03-01T15:00:00+00:00"
