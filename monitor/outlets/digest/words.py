"""What a digest says, in Vietnamese and in English."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """In which language a digest is written."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All texts; in braces what is filled in."""

    title: str
    overdue: str
    paused: str  # of the overdue ones
    today: str
    in_1: str
    in_2: str
    expected: str
    expected_in_1: str  # a working day
    expected_in: str  # working days
    not_known: str
    nothing: str
    day_off: str
    units: str
    procedures: str
    unit: str
    procedure: str
    more: str
    unsaid: str
    pace: str
    open_dashboard: str
    short: tuple[str, ...]  # heads of the tables' columns
    basis: str
    estimate: str
    thousands: str
    decimal: str
    date: str
    day: str  # without the year


WORDS: Final[Mapping[Language, Words]] = {
    Language.VIETNAMESE: Words(
        title="Hồ sơ quá hạn và sắp đến hạn",
        overdue="Quá hạn",
        paused="trong đó {n} hồ sơ đang tạm dừng",
        today="Đến hạn hôm nay",
        in_1="Đến hạn ngày làm việc tiếp theo ({day})",
        in_2="Đến hạn ngày làm việc sau đó ({day})",
        expected="Dự kiến quá hạn nếu giữ tiến độ hiện nay",
        expected_in_1="Sau 1 ngày làm việc (sáng {day})",
        expected_in="Sau {n} ngày làm việc (sáng {day})",
        not_known="chưa đủ dữ liệu",
        nothing="Không có hồ sơ quá hạn hoặc sắp đến hạn.",
        day_off="Ngày này không phải là ngày làm việc.",
        units="Theo cơ quan, đơn vị",
        procedures="Theo thủ tục hành chính",
        unit="Cơ quan, đơn vị",
        procedure="Thủ tục hành chính",
        more="và {n} mục khác",
        unsaid="(không rõ)",
        pace="Tiến độ: {n} hồ sơ giải quyết xong mỗi ngày làm việc (10 ngày làm việc gần nhất).",
        open_dashboard="Xem chi tiết trên bảng theo dõi",
        short=("Quá hạn", "Hôm nay", "{in_1}", "{in_2}", "Dự kiến*"),
        basis="Số liệu là hồ sơ đã tiếp nhận, chưa giải quyết xong vào đầu ngày {date}, kể cả hồ sơ"
        " đang tạm dừng (chờ bổ sung, chờ nghĩa vụ tài chính, dừng xử lý); hạn là ngày hẹn trả"
        " kết quả gần nhất do hệ thống của cơ quan gửi. Hồ sơ không có ngày hẹn trả không được"
        " tính. Hồ sơ đến hạn vào ngày nghỉ được tính vào ngày làm việc tiếp theo.",
        estimate="* Dự kiến tổng số hồ sơ quá hạn sau 5 ngày làm việc: là ước tính, không phải số liệu"
        " báo cáo. Căn cứ: tỷ lệ hồ sơ quá hạn trong 10 ngày làm việc gần nhất và số hồ sơ"
        " giải quyết được mỗi ngày. Phần của từng đơn vị, thủ tục được chia theo tỷ lệ.",
        thousands=".",
        decimal=",",
        date="%d/%m/%Y",
        day="%d/%m",
    ),
    Language.ENGLISH: Words(
        title="Dossiers overdue and falling due",
        overdue="Overdue",
        paused="{n} of them paused",
        today="Due today",
        in_1="Due on the next working day ({day})",
        in_2="Due on the second working day ({day})",
        expected="Expected to be overdue at the present pace",
        expected_in_1="In 1 working day (morning of {day})",
        expected_in="In {n} working days (morning of {day})",
        not_known="too little is known",
        nothing="No dossier is overdue or falls due soon.",
        day_off="This is not a working day.",
        units="By unit",
        procedures="By procedure",
        unit="Unit",
        procedure="Procedure",
        more="and {n} more",
        unsaid="(not said)",
        pace="Pace: {n} dossiers settled a working day (last ten working days).",
        open_dashboard="Open the dashboard",
        short=("Overdue", "Today", "{in_1}", "{in_2}", "Expected*"),
        basis="Dossiers accepted and not ended when {date} began, paused ones included (state 5, 6"
        " or 8), by the last due date that the agency's system has sent. Dossiers without a"
        " due date are not counted. What falls due on a day off counts with the working day"
        " after it.",
        estimate="* Expected to be overdue in all five working days later: an estimate, no figure to"
        " report. It rests on what became of dossiers in the last ten working days and on how"
        " many were settled a day. Units and procedures have their proportional part of it.",
        thousands=",",
        decimal=".",
        date="%Y-%m-%d",
        day="%d/%m",
    ),
}
