"""A dossier's page can be drawn whatever was said of it: no order of events and no gap is a fault of ours."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.explain import explain
from monitor.ledger.access import Role
from monitor.outlets.access import Visitor
from monitor.outlets.api.desk import InForce
from monitor.outlets.console import dossier
from monitor.outlets.console.drawing import drawn
from monitor.outlets.console.page import Visit
from monitor.outlets.digest.words import Language
from monitor.reference.sets import reference_of
from schemas.explained import as_values
from tests.domain.strategies import at, said
from tests.domain.strategies_law import edged, histories
from tests.outlets.api.service import POLICY, REFERENCE

[PAGE] = dossier.PAGES
FILES = reference_of(REFERENCE)
AS_OF_MS = int(datetime(2026, 9, 15, 5, tzinfo=UTC).timestamp() * 1000)


def visit(language: Language) -> Visit:
    return Visit(
        visitor=Visitor(role=Role.ADMIN, name="admin", token=1),
        language=language,
        theme="",
        page=PAGE,
        path="/dossiers/x",
        said={"known_at": None, "lang": None, "theme": None, "format": None},
        written={},
        now_ms=AS_OF_MS,
        in_force=InForce(POLICY, None, FILES),
    )


def page_of(events, language: Language = Language.VIETNAMESE) -> str:
    told = explain(events, POLICY, as_of_ms=AS_OF_MS)
    ledger = {"drift": [], "version": 1, "rules": 6}
    shown = dossier.page(
        visit(language), "0" * 20, {**as_values(told, told.zone), "ledger": ledger}
    )
    return drawn(shown.template, visit(language), (), **shown.values).decode()


def test_a_dossier_that_nobody_accepted_was_held_by_nobody():
    page = page_of([said(1, at(3)), said(3, at(4))], Language.ENGLISH)

    assert "refused" in page
    assert 'id="held"' not in page
    assert 'id="story"' in page


@settings(max_examples=100, deadline=None)
@given(histories() | edged(histories()), st.sampled_from(Language))
def test_every_history_has_a_page(events, language):
    if events:
        assert "</html>" in page_of(events, language)
