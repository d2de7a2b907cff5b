"""Advisory locks are numbers, and one number is one lock, whoever meant what by it."""

import re

from monitor.ledger import follower, migrate, policies, recompute
from tests.servers.require import ROOT

MIGRATIONS = ROOT / "monitor" / "ledger" / "migrations"


def test_no_two_parts_of_the_ledger_mean_different_things_by_one_lock():
    """A follower that held the lock of bookings would hold off every booking."""
    locks = [follower._LOCK, migrate._LOCK, policies.POLICY_LOCK, recompute.RECOMPUTE_LOCK]

    assert len(set(locks)) == len(locks)


def test_the_lock_in_the_schema_is_that_of_bookings_and_activations():
    in_sql = {
        int(number)
        for file in MIGRATIONS.glob("*.sql")
        for number in re.findall(r"advisory\w*\((\d+)\)", file.read_text())
    }

    assert in_sql == {policies.POLICY_LOCK}
