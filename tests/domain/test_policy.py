"""What a policy says of agencies, with and without reference files."""

import os
from dataclasses import replace

from monitor.domain import compiled
from monitor.domain.policy import Policy
from monitor.domain.reckoning import counted_from
from tests.domain.strategies_law import policy_of, rules_of
from tests.domain.strategies_time import at

POLICY = policy_of(rules_of())


def test_without_reference_files_an_agency_stands_for_itself():
    assert Policy(POLICY.zone).present("H57") == "H57"
    assert POLICY.present("H57") == "H57"


def test_reference_files_say_who_stands_for_an_agency_today():
    assert POLICY.legal is not None
    merged = replace(POLICY, legal=replace(POLICY.legal, present={"H57": "H56"}.__getitem__))

    assert merged.present("H57") == "H56"


def test_where_no_forwarding_rule_binds_the_receipt_counts_as_it_is():
    assert POLICY.legal is not None
    unbound = replace(POLICY.legal, limits=lambda _clock, _day: None)
    late = at("2026-08-03 16:00")
    calendar = POLICY.legal.calendars.calendar()

    assert counted_from(late, calendar, POLICY.zone, unbound) == late
    assert counted_from(late, calendar, POLICY.zone, POLICY.legal) == at("2026-08-04 07:00")


def test_the_domain_says_whether_it_runs_as_extension_modules():
    assert compiled() == (os.environ.get("EMC_COMPILED_AT") is not None)
