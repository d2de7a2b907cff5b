"""How good the forecast would have been, on a recorded log and on offices that fall behind."""

from tests.agents.backtest import NAIVE, OURS, QUEUE, queues, recorded, scored


def test_on_a_recorded_log_it_is_nearer_than_to_say_that_it_stays_as_it_is() -> None:
    """And offices do not settle in order of due dates: who supposes that is wrong by far."""
    ledger, calendar = recorded()
    first, last = ledger.days()

    found = scored(ledger, calendar, first + 14, last)

    for within, at_most in ((1, 0.82), (3, 0.88), (5, 0.95)):
        ours = found[within, OURS]
        assert ours.days > 300
        assert ours.mean_error < at_most * found[within, NAIVE].mean_error
        assert ours.mean_error < found[within, QUEUE].mean_error / 3
        assert abs(ours.bias) < 0.2


def test_where_offices_are_given_more_than_they_can_do_the_pace_says_so_at_once() -> None:
    """What became of dossiers before the rush knows nothing of it; the floor does."""
    ledger, calendar = queues(30, rush=3.0)
    first, last = ledger.days()

    found = scored(ledger, calendar, first + 14, last)

    for within, at_most in ((1, 0.7), (3, 0.6), (5, 0.55)):
        assert found[within, OURS].mean_error < at_most * found[within, NAIVE].mean_error
