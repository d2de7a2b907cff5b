"""Every type of event becomes what it says, survives its encoding, and never raises."""

import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.deadlines import Unit
from monitor.domain.event import Kind
from monitor.domain.petition import PetitionClass, PetitionState
from schemas import (
    CATALOGUE,
    DOSSIERS,
    KINDS,
    PETITIONS,
    SIGNALS,
    AnyEvent,
    Canonical,
    Decoder,
    Reason,
    Refused,
    encode,
    key,
)
from schemas.event import (
    AgencyKind,
    AgencyListed,
    Amended,
    Answer,
    ChannelLimit,
    ClaimedCount,
    CountedType,
    DocumentsAttached,
    ExternalClaim,
    Heartbeat,
    Maintenance,
    MaintenanceReason,
    PaymentMade,
    PaymentRequested,
    Petition,
    ProcedureListed,
    Rated,
    ReconciliationClaim,
    Reopened,
    Rescheduled,
    ResultIssued,
    ServiceRequest,
    Snapshot,
    StateChanged,
    SupplementReceived,
    SupplementRequested,
    SyncAcknowledged,
    Voided,
)
from tests.schemas.wire import ANYTHING, EXAMPLES, HANOI, RECORD_MS, read

D = "H56.14-260803-0001"
OFFICE = "H56-onestop"
# Every type, as the example of its name becomes. Instants were worked out by hand.
CANONICAL: dict[str, AnyEvent] = {
    "dossier.supplement.requested.v1": SupplementRequested(
        dossier=D, source=OFFICE, id="s1", claimed_ms=1_785_810_600_000,
        arrival_ms=1_785_810_601_250, sequence=14, agency="H56.14", unit="H56.14.02",
        step="Thẩm định", components=2, until_ms=1_788_343_200_000,
    ),
    "dossier.supplement.received.v1": SupplementReceived(
        dossier=D, source=OFFICE, id="s2", claimed_ms=1_785_999_900_000, arrival_ms=RECORD_MS,
        sequence=15, agency="H56.14", unit="H56.14.02",
    ),
    "dossier.payment.requested.v1": PaymentRequested(
        dossier=D, source=OFFICE, id="p1", claimed_ms=1_786_003_200_000, arrival_ms=RECORD_MS,
        sequence=16, amount=150_000,
    ),
    "dossier.payment.made.v1": PaymentMade(
        dossier=D, source="DVCQG-payment", id="p2", claimed_ms=1_786_004_441_000,
        arrival_ms=RECORD_MS, sequence=17, amount=150_000, form=1,
    ),
    "dossier.rescheduled.v1": Rescheduled(
        dossier=D, source=OFFICE, id="r1", claimed_ms=1_786_071_600_000, arrival_ms=RECORD_MS,
        sequence=18, due_ms=1_786_701_600_000, apology=True,
    ),
    "dossier.amended.v1": Amended(
        dossier=D, source=OFFICE, id="m1", claimed_ms=1_786_075_200_000, arrival_ms=RECORD_MS,
        sequence=19, procedure="1.004195", agency="H56.15", unit="H56.15.01", channel=1,
        sub_channel="quầy", level=3, receipt_ms=1_785_603_600_000, applicant_type=2,
        identity_attached=False, applicant_key="9b1c6a4e7d20f3a8",
    ),
    "dossier.voided.v1": Voided(
        dossier=D, source=OFFICE, id="v1", claimed_ms=1_786_077_000_000, arrival_ms=RECORD_MS,
        sequence=20, target="m1",
    ),
    "dossier.reopened.v1": Reopened(
        dossier=D, source=OFFICE, id="o1", claimed_ms=1_787_014_800_000, arrival_ms=RECORD_MS,
        sequence=25, agency="H56.14", unit="H56.14.02",
    ),
    "dossier.result.issued.v1": ResultIssued(
        dossier=D, source=OFFICE, id="i1", claimed_ms=1_786_525_800_000, arrival_ms=RECORD_MS,
        sequence=23, electronic=True, paper=True,
    ),
    "dossier.documents.v1": DocumentsAttached(
        dossier=D, source=OFFICE, id="d1", claimed_ms=1_785_721_200_000, arrival_ms=RECORD_MS,
        sequence=13, components=3, digitised=2, reused=1, national_store=1, population=1,
        identity_verified=True,
    ),
    "dossier.rated.v1": Rated(
        dossier=D, source="DVCQG", id="t1", claimed_ms=1_786_799_469_000, arrival_ms=RECORD_MS,
        sequence=24, score=4, scale=5,
    ),
    "dossier.snapshot.v1": Snapshot(
        dossier="H56.14-260720-0031", source=OFFICE, id="n1", claimed_ms=1_785_517_200_000,
        arrival_ms=RECORD_MS, sequence=1, state=4, procedure="1.004194", agency="H56.14",
        accepted_ms=1_784_480_400_000, unit="H56.14.02", step="Thẩm định", channel=2,
        sub_channel="kiosk", level=4, due_ms=1_786_010_400_000, paused_ms=172_800_000,
        supplements=1, applicant_type=1,
    ),
    "dossier.sync.ack.v1": SyncAcknowledged(
        dossier=D, source=OFFICE, id="y1", claimed_ms=1_785_719_642_000, arrival_ms=RECORD_MS,
        sequence=3, target="dvcqg", code=0, sent_ms=1_785_719_551_000,
    ),
    "petition.v1": Petition(
        petition="DVCQG-petitions|PAKN.20260803.0007", source="DVCQG-petitions", id="k1",
        claimed_ms=1_787_191_200_000, arrival_ms=RECORD_MS, agency="H56.14",
        state=PetitionState.ANSWERED, about=PetitionClass.CONDUCT, dossier=D,
        procedure="1.004194", likes=3, dislikes=1, repeated=False, revision=1, sequence=4,
    ),
    "service.request.v1": ServiceRequest(
        source="H56-onestop-api", id="q1", claimed_ms=1_785_719_551_000, arrival_ms=RECORD_MS,
        interface="GET /dossiers/{code}", answer=Answer.SUCCEEDED, duration_ms=182, agency="H56",
    ),
    "source.heartbeat.v1": Heartbeat(
        source=OFFICE, id="h1", claimed_ms=1_785_719_551_000, arrival_ms=RECORD_MS,
        interval_ms=60_000, version="4.2.1", units=("H56.14", "H56.15"), waiting=0,
    ),
    "source.maintenance.v1": Maintenance(
        source=OFFICE, id="w1", claimed_ms=1_785_719_551_000, arrival_ms=RECORD_MS,
        window="2026-08-upgrade", from_ms=1_786_791_600_000, to_ms=1_786_834_800_000,
        reason=MaintenanceReason.UPGRADE, units=("H56.14",),
    ),
    "reconciliation.claim.v1": ReconciliationClaim(
        source=OFFICE, id="c1", claimed_ms=1_785_798_000_000, arrival_ms=RECORD_MS, day=20_668,
        claim="2026-08-03.1", chunk=1, chunks=2,
        counts=(ClaimedCount(Kind.STATE, 1, 187), ClaimedCount(Kind.STATE, 2, 212),
                ClaimedCount(Kind.PAYMENT_MADE, -1, 98)),
        codes=("H56.14-260803-0001", "H56.14-260803-0002"),
    ),
    "external.claim.v1": ExternalClaim(
        source="H56-statistics", id="x1", claimed_ms=1_785_798_000_000, arrival_ms=RECORD_MS,
        indicator="adult_population", survey="Báo cáo kết quả triển khai Đề án 06, quý II/2026",
        agency="H56", from_day=20_544, to_day=20_634, numerator=412_300,
        denominator=1_204_511, value="34.23", unit="%", respondents=1_800,
    ),
    "catalogue.procedure.v1": ProcedureListed(
        source="catalogue", id="c1", claimed_ms=1_750_381_200_000, arrival_ms=RECORD_MS,
        code="1.004194", name="Đăng ký khai sinh", valid_from=20_270, valid_to=20_818, level=4,
        eligible=True, fee=True, document=True, lists=("essential-25",),
        limits=(ChannelLimit(0, 5, Unit.WORKING_DAYS), ChannelLimit(2, 24, Unit.HOURS)),
        revision=2,
    ),
    "catalogue.agency.v1": AgencyListed(
        source="catalogue", id="g1", claimed_ms=1_750_381_200_000, arrival_ms=RECORD_MS,
        code="H55.14", name="Sở Tư pháp", valid_from=16_436, valid_to=20_269, parent="H55",
        kind=AgencyKind.DEPARTMENT, successor="H56.14", revision=1,
    ),
}  # fmt: skip


def example(name):
    return json.loads((EXAMPLES / f"{name}.json").read_bytes())


def sent(name, /, **data):
    """The example, with other data; ... to leave out."""
    whole = example(name)
    whole["data"] = {
        field: value for field, value in {**whole["data"], **data}.items() if value is not ...
    }
    return json.dumps(whole).encode()


@pytest.mark.parametrize("name", sorted(CANONICAL))
def test_an_example_becomes_canonical_in_every_field(name):
    assert read((EXAMPLES / f"{name}.json").read_bytes()) == CANONICAL[name]


def test_every_type_is_held_to_its_example():
    """The state's is in `test_decode`."""
    assert {*CANONICAL, "dossier.state.v1"} == set(KINDS)


@pytest.mark.parametrize("name", sorted(CANONICAL))
def test_binary_mode_gives_the_same_event(name):
    whole = example(name)
    headers = [
        (f"ce_{field}", value.encode())
        for field, value in whole.items()
        if field not in ("data", "datacontenttype")
    ]

    assert read(json.dumps(whole["data"]).encode(), headers) == CANONICAL[name]


def test_the_numbers_in_the_ledger_are_those_of_the_domain():
    """The ledger keeps them for years: a tag is the number of its kind, and each once."""
    tags = [event.__struct_config__.tag for event in get_args(AnyEvent)]

    assert {event.__struct_config__.tag for event in get_args(Canonical)} == set(Kind)
    assert all(event.kind == event.__struct_config__.tag for event in get_args(Canonical))
    assert len(tags) == len(set(tags)) == len(KINDS)


# What is unsaid stays so.


def test_what_minimal_events_do_not_say_is_unsaid():
    asked = read(sent("supplement_requested_minimal"))
    assert (asked.agency, asked.unit, asked.step, asked.components, asked.until_ms) == (
        "", "", "", 0, None
    )  # fmt: skip
    assert (asked.revision, asked.sequence, asked.backfill) == (0, -1, False)

    assert read(sent("payment_exempt")).amount == 0
    assert read(sent("payment_of_unknown_form")).form == 0
    assert read(sent("rated_of_five")).scale == 5
    assert read(sent("documents_none")).components == 0
    assert read(sent("dossier.rescheduled.v1", apology=...)).apology is None
    for unsaid in (False, None, ...):
        result = read(sent("dossier.result.issued.v1", electronic=unsaid, paper=unsaid))
        assert (result.electronic, result.paper) == (False, False)

    petition = read(sent("petition_received"))
    assert (petition.about, petition.likes, petition.repeated) == (None, None, None)
    assert (petition.dossier, petition.procedure) == ("", "")

    procedure = read(sent("procedure_without_limit"))
    assert (procedure.limits, procedure.fee, procedure.valid_to) == ((), None, None)

    agency = read(sent("catalogue.agency.v1", kind=..., parent=..., successor=...))
    assert (agency.kind, agency.parent, agency.successor) == (AgencyKind.OTHER, "", "")


def test_what_minimal_signals_do_not_say_is_unsaid():
    beat = read(sent("heartbeat_minimal"))
    assert (beat.version, beat.units, beat.waiting) == ("", (), None)

    window = read(sent("maintenance_cancelled"))
    assert (window.units, window.force_majeure, window.cancelled) == ((), False, True)
    assert read(sent("maintenance_force_majeure")).force_majeure is True

    counts, codes = read(sent("claim_of_counts")), read(sent("claim_of_a_list"))
    assert (counts.chunk, counts.chunks, counts.codes) == (1, 1, None)
    assert (codes.counts, codes.codes) == ((), ())  # an empty list says that there was none

    stated = read(sent("external_claim_of_a_value"))
    assert (stated.numerator, stated.denominator, stated.value) == (None, None, "34.2")
    assert read(sent("external_claim_not_issued")).not_issued is True


def test_what_can_be_claimed_are_the_types_of_events_about_dossiers():
    assert [str(type_) for type_ in CountedType] == [
        name for name, kind in KINDS.items() if kind.topic is DOSSIERS
    ]
    assert [KINDS[type_].canonical.__struct_config__.tag for type_ in CountedType] == list(Kind)


def test_a_full_chunk_of_national_codes_is_within_the_size_of_a_record():
    codes = tuple(f"H56.14.02-260803-{number:06}" for number in range(2_000))
    chunk = ReconciliationClaim(
        source="s", id="i", claimed_ms=RECORD_MS, arrival_ms=RECORD_MS, day=20_668, claim="c",
        codes=codes,
    )  # fmt: skip

    assert read(encode(chunk)) == chunk


def test_an_amendment_tells_the_agency_itself_from_an_unsaid_unit():
    assert read(sent("amended_to_the_agency_itself")).unit == ""
    assert read(sent("amended_to_the_agency_itself", unit=...)).unit is None
    assert read(sent("amended_to_the_agency_itself", sub_channel=None)).sub_channel is None


def test_an_unknown_code_says_nothing():
    amended = read(sent("dossier.amended.v1", channel=9, level=1, applicant_type=7))
    assert (amended.channel, amended.level, amended.applicant_type) == (0, 0, 0)

    snapshot = read(sent("dossier.snapshot.v1", channel=9, level=1, applicant_type=7))
    assert (snapshot.channel, snapshot.level, snapshot.applicant_type) == (0, 0, 0)

    assert read(sent("dossier.payment.made.v1", form=4)).form == 0
    assert read(sent("catalogue.procedure.v1", level=1)).level == 0


def test_an_amendment_takes_no_number_for_an_applicant():
    assert read(sent("dossier.amended.v1", applicant_key="001087000001")).applicant_key == ""


def test_a_receipt_may_be_an_instant_in_an_amendment():
    event = read(sent("dossier.amended.v1", receipt_date="2026-08-02T09:00:00+07:00"))

    assert event.receipt_ms == 1_785_636_000_000


def test_lists_and_limits_are_brought_into_order():
    event = read(
        sent(
            "catalogue.procedure.v1",
            lists=["urgent", "essential-25", "urgent"],
            limits=[{"n": 1, "unit": "hours", "channel": 3}, {"n": 0, "unit": "hours"}],
        )
    )

    assert event.lists == ("essential-25", "urgent")
    assert [(limit.channel, limit.n) for limit in event.limits] == [(0, 0), (3, 1)]


@pytest.mark.parametrize(
    ("name", "data", "reason", "field"),
    [
        ("dossier.rated.v1", {"score": 6}, Reason.NUMBER_OUT_OF_RANGE, "data.score"),
        ("dossier.documents.v1", {"components": [{"reused": 1}]}, Reason.WRONG_TYPE,
         "data.components[0].reused"),
        ("dossier.voided.v1", {"target": "\0"}, Reason.INVALID_TEXT, "data.target"),
        ("dossier.sync.ack.v1", {"code": 2**63}, Reason.NUMBER_OUT_OF_RANGE, "data.code"),
        ("petition.v1", {"dossier": " "}, Reason.INVALID_CODE, "data.dossier"),
        ("petition.v1", {"likes": -1}, Reason.NUMBER_OUT_OF_RANGE, "data.likes"),
        ("service.request.v1", {"duration_ms": 10**13}, Reason.NUMBER_OUT_OF_RANGE,
         "data.duration_ms"),
        ("reconciliation.claim.v1", {"codes": [" "]}, Reason.INVALID_CODE, "data.codes[0]"),
        ("reconciliation.claim.v1", {"codes": ["x"] * 2_001}, Reason.NUMBER_OUT_OF_RANGE,
         "data.codes"),
        ("reconciliation.claim.v1", {"claim": "a\n"}, Reason.INVALID_TEXT, "data.claim"),
        ("source.heartbeat.v1", {"units": ["H56", ""]}, Reason.INVALID_CODE, "data.units[1]"),
        ("source.heartbeat.v1", {"units": ["H56", " "]}, Reason.INVALID_CODE, "data.units[1]"),
        ("external.claim.v1", {"numerator": ...}, Reason.MISSING_FIELD, "data.numerator"),
        ("catalogue.procedure.v1", {"limits": [{"n": 1, "unit": "days"}]},
         Reason.UNKNOWN_CODE, "data.limits[0].unit"),
        ("catalogue.procedure.v1", {"limits": [{"unit": "hours"}]}, Reason.MISSING_FIELD,
         "data.limits[0].n"),
        ("catalogue.procedure.v1", {"limits": [{"n": n, "unit": "hours"} for n in range(5)]},
         Reason.NUMBER_OUT_OF_RANGE, "data.limits"),
        ("catalogue.procedure.v1", {"valid_from": "2101-01-01"}, Reason.TIME_OUT_OF_RANGE,
         "data.valid_from"),
        ("catalogue.procedure.v1", {"valid_from": "1900-01-01"}, Reason.TIME_OUT_OF_RANGE,
         "data.valid_from"),
        ("catalogue.procedure.v1", {"valid_from": "2025-07-01T00:00"}, Reason.MALFORMED_TIME,
         "data.valid_from"),
        ("catalogue.procedure.v1", {"valid_from": "1/7/2025"}, Reason.MALFORMED_TIME,
         "data.valid_from"),
        ("catalogue.agency.v1", {"parent": "000.00.14.H55"}, Reason.CONTRADICTORY,
         "data.parent"),
        ("catalogue.agency.v1", {"successor": "H55.14"}, Reason.CONTRADICTORY,
         "data.successor"),
        ("catalogue.agency.v1", {"parent": "x" * 129}, Reason.INVALID_CODE, "data.parent"),
    ],
)  # fmt: skip
def test_a_refusal_names_reason_and_field(name, data, reason, field):
    found = read(sent(name, **data))

    assert isinstance(found, Refused)
    assert (found.reason, found.detail) == (reason, field)


def test_a_refusal_never_repeats_what_may_be_a_name():
    for name in KINDS:
        for field in example(name)["data"]:
            for value in ("Nguyễn Văn A" * 100, ["Nguyễn Văn A" * 100], {"Nguyễn Văn A": 1}):
                found = read(sent(name, **{field: value}))
                assert isinstance(found, Refused)
                assert found.detail.startswith(f"data.{field}")
                assert "Nguy" not in found.detail


# Topics.


@pytest.mark.parametrize("topic", [DOSSIERS, PETITIONS, SIGNALS, CATALOGUE])
def test_a_decoder_of_a_topic_knows_its_types_and_no_other(topic):
    decoder = Decoder(HANOI, topic)

    for name, kind in KINDS.items():
        whole = example(name)
        headers = [("ce_type", name.encode()), ("ce_id", b"1"), ("ce_source", b"s"),
                   ("ce_specversion", b"1.0"), ("ce_time", b"2026-08-03T08:12:31Z")]  # fmt: skip
        for value, given_headers in (
            (json.dumps(whole).encode(), ()),
            (json.dumps(whole["data"]).encode(), headers),
        ):
            found = decoder.decode(value, headers=given_headers, record_time_ms=RECORD_MS)
            if kind.topic is topic:
                assert isinstance(found, kind.canonical)
            else:
                assert isinstance(found, Refused)
                assert (found.reason, found.detail) == (Reason.UNKNOWN_TYPE, "type")


def test_a_record_is_keyed_by_what_must_stay_in_order():
    assert key(CANONICAL["dossier.rated.v1"]) == b"H56.14-260803-0001"
    assert key(CANONICAL["petition.v1"]) == b"DVCQG-petitions|PAKN.20260803.0007"
    assert key(CANONICAL["service.request.v1"]) == b"H56-onestop-api"
    # Compaction keeps what held before, because the first day is in the key.
    assert key(CANONICAL["catalogue.procedure.v1"]) == b"procedure|1.004194|2025-07-01"
    assert key(CANONICAL["catalogue.agency.v1"]) == b"agency|H55.14|2015-01-01"


# Properties.

MS = st.integers(631_152_000_000, 4_133_980_799_999)
WORDS = st.text("ab ơĐ.|-é1", max_size=9).map(str.strip)
CODE = st.sampled_from(["H56", "H56.14", "Group 1", "x"])
DAY = st.integers(7_305, 47_846)  # 1990-01-01 to 2100-12-31
UNSAID = st.none()
UNITS = st.sets(CODE, max_size=3).map(lambda codes: tuple(sorted(codes)))
FIELDS = {
    "dossier": st.sampled_from([D, "s|case 1", "s|s|x"]),
    "petition": st.sampled_from([D, "s|PAKN 7"]),
    "source": st.just("s"),
    "id": st.text("aZ9-Đ", min_size=1, max_size=9),
    "claimed_ms": MS,
    "arrival_ms": MS,
    "revision": st.integers(0, 2**63 - 1),
    "sequence": st.integers(-1, 2**63 - 1),
    "backfill": st.booleans(),
    "trial": st.booleans(),
    "stamped": st.integers(0, 255),
    "state": st.integers(0, 10),
    "procedure": st.sampled_from(["1.004194", "1.012753.H19", "p"]),
    "agency": CODE,
    "unit": WORDS,
    "step": WORDS,
    "channel": st.integers(0, 3),
    "sub_channel": WORDS,
    "level": st.sampled_from([0, 2, 3, 4]),
    "receipt_ms": UNSAID | MS,
    "due_ms": UNSAID | MS,
    "until_ms": UNSAID | MS,
    "sent_ms": UNSAID | MS,
    "accepted_ms": MS,
    "applicant_type": st.integers(0, 4),
    "identity_attached": UNSAID | st.booleans(),
    "identity_verified": UNSAID | st.booleans(),
    "applicant_key": st.just("") | st.text("0aF=", min_size=16, max_size=128),
    "components": st.integers(0, 500),
    "amount": st.integers(0, 10**12),
    "form": st.integers(0, 3),
    "apology": UNSAID | st.booleans(),
    "target": st.text("aZ9-Đ", min_size=1, max_size=9),
    "electronic": st.booleans(),
    "paper": st.booleans(),
    "paused_ms": st.integers(0, 10**12),
    "supplements": st.integers(0, 500),
    "code": st.integers(-(2**63) + 1, 2**63 - 1),
}
OF_TYPE: dict[type, dict[str, st.SearchStrategy]] = {
    Amended: {"procedure": st.just("") | FIELDS["procedure"], "agency": st.just("") | CODE,
              "unit": UNSAID | WORDS, "sub_channel": UNSAID | WORDS},
    Rescheduled: {"due_ms": MS},
    SyncAcknowledged: {"target": st.sampled_from(["dvcqg", "emc"])},
    Petition: {"state": st.sampled_from(PetitionState),
               "about": UNSAID | st.sampled_from(PetitionClass),
               "dossier": st.just("") | FIELDS["dossier"],
               "procedure": st.just("") | FIELDS["procedure"],
               "likes": UNSAID | st.integers(0, 10**9),
               "dislikes": UNSAID | st.integers(0, 10**9),
               "repeated": UNSAID | st.booleans()},
    ServiceRequest: {"interface": st.text("aZ9 /{}*", min_size=1, max_size=8),
                     "answer": st.sampled_from(Answer),
                     "duration_ms": st.integers(0, 10**12)},
    Heartbeat: {"interval_ms": st.integers(1, 86_400).map(lambda seconds: seconds * 1000),
                "version": st.sampled_from(["", "4.2.1"]), "units": UNITS,
                "waiting": UNSAID | FIELDS["revision"]},
}  # fmt: skip


def any_of(event, **more):
    fields = {**FIELDS, **OF_TYPE.get(event, {}), **more}
    return st.builds(event, **{name: fields[name] for name in event.__struct_fields__})


@st.composite
def papers(draw):
    components = draw(FIELDS["components"])
    some = st.integers(0, components)
    return draw(
        any_of(
            DocumentsAttached, components=st.just(components), digitised=some, reused=some,
            national_store=some, population=some,
        )
    )  # fmt: skip


@st.composite
def ratings(draw):
    scale = draw(st.integers(2, 100))
    return draw(any_of(Rated, scale=st.just(scale), score=st.integers(1, scale)))


@st.composite
def procedures(draw):
    first = draw(DAY)
    limits = draw(
        st.dictionaries(
            st.integers(0, 3), st.tuples(st.integers(0, 10_000), st.sampled_from(Unit))
        )
    )
    return draw(
        any_of(
            ProcedureListed,
            code=FIELDS["procedure"],
            name=st.just("Đăng ký khai sinh"),
            valid_from=st.just(first),
            valid_to=UNSAID | st.integers(first, 47_846),
            eligible=UNSAID | st.booleans(),
            fee=UNSAID | st.booleans(),
            document=UNSAID | st.booleans(),
            lists=st.sets(st.sampled_from(["a", "b-2", "essential-25"])).map(
                lambda names: tuple(sorted(names))
            ),
            limits=st.just(
                tuple(ChannelLimit(channel, *limits[channel]) for channel in sorted(limits))
            ),
        )
    )


@st.composite
def agencies(draw):
    first = draw(DAY)
    last = draw(UNSAID | st.integers(first, 47_846))
    return draw(
        any_of(
            AgencyListed,
            code=st.just("H56.14"),
            name=st.just("Sở Tư pháp"),
            valid_from=st.just(first),
            valid_to=st.just(last),
            parent=st.sampled_from(["", "H56"]),
            kind=st.sampled_from(AgencyKind),
            successor=st.sampled_from(["", "H57.14"]) if last is not None else st.just(""),
        )
    )


@st.composite
def windows(draw):
    begin, end = sorted(draw(st.lists(MS, min_size=2, max_size=2, unique=True)))
    return draw(
        any_of(
            Maintenance,
            window=st.just("w"),
            from_ms=st.just(begin),
            to_ms=st.just(end),
            reason=st.sampled_from(MaintenanceReason),
            units=UNITS,
            force_majeure=st.booleans(),
            cancelled=st.booleans(),
        )
    )


@st.composite
def claims(draw):
    cells: st.SearchStrategy[tuple[Kind, int]] = st.tuples(
        st.just(Kind.STATE), st.integers(-1, 10)
    ) | st.tuples(st.sampled_from(Kind), st.just(-1))
    counts: dict[tuple[Kind, int], int] = draw(
        st.dictionaries(cells, st.integers(0, 2**63 - 1), max_size=6)
    )
    codes = st.sets(st.sampled_from([D, "s|case 1"])).map(lambda keys: tuple(sorted(keys)))
    chunks = draw(st.integers(1, 10_000))
    return draw(
        any_of(
            ReconciliationClaim,
            day=DAY,
            claim=st.just("c"),
            chunk=st.integers(1, chunks),
            chunks=st.just(chunks),
            counts=st.just(
                tuple(
                    ClaimedCount(kind, state, counts[kind, state])
                    for kind, state in sorted(counts)
                )
            ),
            codes=UNSAID | codes if counts else codes,
        )
    )


@st.composite
def surveys(draw):
    first = draw(DAY)
    shown = draw(st.sampled_from(["share", "value", "both", "not issued"]))
    share = FIELDS["revision"] if shown in ("share", "both") else UNSAID
    return draw(
        any_of(
            ExternalClaim,
            indicator=st.sampled_from(["1.1", "4-copy", "19(2)(c)"]),
            survey=st.just("Khảo sát quý II"),
            from_day=st.just(first),
            to_day=st.integers(first, 47_846),
            numerator=share,
            denominator=share,
            value=st.just("-3.5" if shown in ("value", "both") else ""),
            unit=st.sampled_from(["", "%", "persons"]),
            respondents=UNSAID | FIELDS["revision"],
            not_issued=st.just(shown == "not issued"),
        )
    )


MADE = {
    Maintenance: windows(),
    ReconciliationClaim: claims(),
    ExternalClaim: surveys(),
    DocumentsAttached: papers(),
    Rated: ratings(),
    ProcedureListed: procedures(),
    AgencyListed: agencies(),
}
LEDGER = msgspec.msgpack.Decoder(AnyEvent)


@pytest.mark.parametrize("event", get_args(AnyEvent), ids=lambda event: event.__name__)
def test_an_event_is_decoded_again_from_its_encoding_and_from_the_ledger(event):
    @settings(max_examples=40, deadline=None)
    @given(MADE[event] if event in MADE else any_of(event))
    def check(given_event):
        encoded = encode(given_event)
        assert len(encoded) <= 65_536
        assert read(encoded, record_time_ms=0) == given_event
        assert LEDGER.decode(msgspec.msgpack.encode(given_event)) == given_event

    check()


def test_the_largest_event_is_read():
    """500 papers with all that can be said of them are within the size of a record."""
    event = DocumentsAttached(
        dossier=D, source="s", id="i" * 256, claimed_ms=RECORD_MS, arrival_ms=RECORD_MS,
        components=500, digitised=500, reused=500, national_store=500, population=500,
    )  # fmt: skip

    assert read(encode(event)) == event


def is_read_or_refused(value):
    found = read(value)
    assert isinstance(found, AnyEvent | Refused)
    if not isinstance(found, Refused):
        assert read(encode(found), record_time_ms=0) == found


WHOLE = {name: example(name) for name in sorted(KINDS)}
PLACES = st.sampled_from(
    [(name, field) for name, whole in WHOLE.items() for field in whole["data"]]
)


@settings(max_examples=300, deadline=None)
@given(PLACES, ANYTHING)
def test_a_near_miss_of_any_type_is_read_or_refused(place, value):
    name, field = place
    whole = WHOLE[name]

    near = {**whole, "data": {**whole["data"], field: value}}
    is_read_or_refused(json.dumps(near).encode("utf-8", "surrogatepass"))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(KINDS)))
def test_the_data_of_another_type_is_read_or_refused(name, other):
    is_read_or_refused(json.dumps({**WHOLE[name], "data": WHOLE[other]["data"]}).encode())


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(KINDS)),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_changed_byte_in_any_type_is_read_or_refused(name, changes):
    record = bytearray(json.dumps(WHOLE[name], ensure_ascii=False).encode())
    for place, byte in changes:
        record[place % len(record)] = byte

    is_read_or_refused(bytes(record))


def test_a_canonical_event_has_no_field_for_names_texts_or_numbers_of_persons():
    """A new field is added here by somebody who has asked what it may hold."""
    texts = {
        "dossier", "petition", "source", "id", "target",  # keys of systems
        "procedure", "agency", "code", "parent", "successor", "unit", "lists",  # codes
        "units", "codes",  # the same, many
        "step", "sub_channel", "interface", "name", "survey",  # names of things
        "version", "window", "claim", "indicator", "value",  # of a closed form
        "applicant_key",  # a keyed hash
    }  # fmt: skip
    found = {
        field.name
        for event in get_args(AnyEvent)
        for field in msgspec.structs.fields(event)
        if "str" in str(field.type)
    }

    assert found == texts


def test_the_state_is_among_all_events():
    assert isinstance(read(Path(EXAMPLES / "dossier.state.v1.json").read_bytes()), StateChanged)
