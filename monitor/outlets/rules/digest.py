"""One message an agency and working day, at 07:30, about what is overdue and what falls due."""

from typing import Final

from monitor.outlets.rules.expressions import shown
from monitor.outlets.rules.shape import About, Alert, Board, Group, Severity

DUE: Final = "emc_agency_dossiers_due"
EXPECTED: Final = "emc_agency_dossiers_expected_overdue"
JUDGED: Final = "emc_dues_judged_timestamp_seconds"
JUDGED_SECONDS: Final = 900  # older figures are sent to nobody


def digest() -> list[Group]:
    """Fires while `emc serve` says that it is time; Alertmanager sends it once."""
    due = shown(f'{DUE}{{agency!="other"}}')
    expected = shown(f'{EXPECTED}{{agency!="other",within="5"}}')
    time = shown('emc_digest_time{calendar!="national"}')
    now = shown('emc_digest_time{calendar="national"}')
    # Agencies with hours of their own have a calendar named by their code.
    own = f'label_replace({time}, "agency", "$1", "calendar", "(.*)")'
    expr = f"""\
(
  sum by (agency) ({due}) > 0
  or
  sum by (agency) ({expected}) >= 0.5
)
and on (agency) (
  sum by (agency) ({due})
  unless on (agency) {own}
  and on () {now} == 1
  or
  sum by (agency) ({own}) == 1
)
and on () time() - max({JUDGED}) < {JUDGED_SECONDS}"""
    overdue, today, one, two = (
        _of(DUE, "when", when) for when in ("overdue", "today", "in_1", "in_2")
    )
    in_1, in_3, in_5 = (_of(EXPECTED, "within", days) for days in ("1", "3", "5"))
    alert = Alert(
        name="AgencyDigest",
        severity=Severity.DIGEST,
        about=About.LEGAL,
        expr=expr,
        board=Board.DUE,
        of="agency",
        summary=f"{{{{ $labels.agency }}}}: {overdue} dossiers overdue, {today} fall due today",
        summary_vi=f"{{{{ $labels.agency }}}}: {overdue} hồ sơ quá hạn, {today} hồ sơ đến hạn hôm nay",
        description=f"Overdue: {overdue}. Due today: {today}; on the next working day: {one}; the day"
        f" after: {two}. At the present pace there will be {in_1} overdue one working day after today"
        f" began, {in_3} after three, {in_5} after five.",
        description_vi=f"Hồ sơ quá hạn: {overdue}. Đến hạn hôm nay: {today}; ngày làm việc tiếp theo:"
        f" {one}; ngày làm việc sau đó: {two}. Với tiến độ hiện nay, dự kiến số hồ sơ quá hạn sau 1 ngày"
        f" làm việc là {in_1}, sau 3 ngày làm việc là {in_3}, sau 5 ngày làm việc là {in_5}.",
    )
    return [Group("emc-digest", [alert])]


def _of(metric: str, label: str, value: str) -> str:
    query = f'max({metric}{{agency=%q,{label}="{value}"}})'
    return (
        f"{{{{ with query (printf `{query}` $labels.agency) }}}}"
        "{{ . | first | value | printf `%.0f` }}{{ else }}?{{ end }}"
    )
