"""Headings and sentences of reports."""

from typing import Final

from monitor.domain.ranking import Unranked
from monitor.ledger.official import By, Cause, Ranked
from monitor.outlets.report.said import Said

PERIOD: Final = Said("Kỳ báo cáo", "Period")
SCOPE: Final = Said("Phạm vi", "Scope")
SET: Final = Said("Bộ chỉ số", "Set of indicators")
OWNER: Final = Said("Cơ quan ban hành", "Owner")
SOURCE: Final = Said("Căn cứ", "Source")
BASIS: Final = Said("Cơ sở của quy tắc", "Basis")
CUT: Final = Said("Mốc chốt số liệu", "Cut")
AS_OF: Final = Said("Số liệu tính đến hết ngày", "As of the end of")
REFERENCE: Final = Said("Tệp tham chiếu", "Reference files")
POLICY: Final = Said("Quy tắc tính", "Policy")

INDICATOR: Final = Said("Chỉ số", "Indicator")
ID: Final = Said("Mã", "Id")
NUMERATOR: Final = Said("Tử số", "Numerator")
DENOMINATOR: Final = Said("Mẫu số", "Denominator")
VALUE: Final = Said("Giá trị", "Value")
UNIT: Final = Said("Đơn vị tính", "Unit")
FACTOR: Final = Said("Hệ số nhân (%)", "Factor (%)")
SCORE: Final = Said("Điểm", "Score")
MOST_KNOWN: Final = Said("Điểm tối đa phần đã có điểm", "Maximum of what has points")
MOST: Final = Said("Điểm tối đa theo bộ chỉ số", "Maximum of the set")
TARGET: Final = Said("Mục tiêu", "Target")
DISTANCE: Final = Said("Chênh lệch với mục tiêu", "Distance")
DUE: Final = Said("Thời hạn", "Due")
OFFICIAL: Final = Said("Số đã công bố", "Published")
OFFICIAL_APART: Final = Said("Chênh lệch với số đã công bố", "Ours − published")
NOTE: Final = Said("Ghi chú", "Note")
STANDING: Final = Said("Tình trạng", "Standing")
DEFINITION: Final = Said("Định nghĩa", "Definition")
FORMULA: Final = Said("Công thức", "Formula")
POINTS: Final = Said("Cách tính điểm", "Points")
IF_ZERO: Final = Said("Khi mẫu số bằng 0", "Where the denominator is 0")
TOTAL: Final = Said("Tổng điểm", "Total")
BAND: Final = Said("Xếp loại", "Band")
FIGURES: Final = Said("Chỉ số", "Figures")
DEFINITIONS: Final = Said("Định nghĩa", "Definitions")
TARGETS: Final = Said("Mục tiêu", "Targets")
CHECKS: Final = Said("Đối chiếu", "Checks")
LEFT: Final = Said("Vế trái", "Left side")
RIGHT: Final = Said("Vế phải", "Right side")
DIFFERENCE: Final = Said("Chênh lệch", "Difference")
AGREES: Final = Said("khớp", "agrees")
DIFFERS: Final = Said("KHÔNG KHỚP", "DOES NOT AGREE")
NOT_CHECKED: Final = Said("không kiểm tra được", "cannot be checked")
GROUPS: Final = Said("Nhóm chỉ số", "Groups")
SCORES: Final = Said(
    "Điểm theo nhóm: điểm / tối đa phần đã có điểm / tối đa theo bộ chỉ số",
    "Points by group: points / maximum of what has points / maximum of the set",
)
SHARES: Final = Said("Tỷ lệ (%)", "Shares (%)")
LEGEND: Final = Said("Ký hiệu", "Signs")
PROVENANCE: Final = Said("Nguồn gốc số liệu", "Where the figures come from")

NOT_OVER: Final = Said(
    "Kỳ báo cáo chưa kết thúc: số liệu mới tính đến ngày ghi trên.",
    "The period is not over: figures are as of the day above.",
)
REVERSE: Final = Said(
    "công thức suy ra từ số liệu đã công bố, không phải văn bản chính thức",
    "formula derived from published figures, not from an official text",
)
UNKNOWN_POINTS: Final = Said(
    "{n} điểm thuộc các chỉ số chưa có số liệu, không nằm trong tổng.",
    "{n} points belong to figures that are not known; the total is without them.",
)
EMPTY_POINTS: Final = Said(
    "{n} điểm thuộc các chỉ số không phát sinh, không nằm trong tổng.",
    "{n} points belong to figures with nothing to measure; the total is without them.",
)
ELSEWHERE_POINTS: Final = Said(
    "{n} điểm thuộc các chỉ số không áp dụng cho cơ quan này, không nằm trong tổng.",
    "{n} points belong to figures that are not asked of this agency; the total is without them.",
)
BESIDE: Final = Said(
    "Số đã công bố do cơ quan khác cung cấp, đặt bên cạnh để đối chiếu, không thay thế số liệu"
    " tính từ hồ sơ.",
    "Published values are others'; they stand beside what is counted from dossiers and never"
    " take its place.",
)

NUMBER: Final = Said("STT", "No.")
WHOLE: Final = Said("Tổng số", "In total")
BY: Final = {
    By.UNIT: Said("theo cơ quan, đơn vị", "by unit"),
    By.PROCEDURE: Said("theo thủ tục hành chính", "by procedure"),
}
ROW: Final = {
    By.UNIT: Said("Cơ quan, đơn vị", "Unit"),
    By.PROCEDURE: Said("Thủ tục hành chính", "Procedure"),
}
PROCESSED: Final = Said("Hồ sơ đã giải quyết", "Processed dossiers")
FORM_NOTE: Final = Said(
    "Tiếp nhận tính theo đơn vị tiếp nhận, giải quyết tính theo đơn vị giải quyết; cột nhận chuyển"
    " đến trừ chuyển đi làm cho tổng số khớp nhau. Hồ sơ giải quyết xong không có hạn hoặc không"
    " xác định được thời điểm kết thúc được ghi riêng, không xếp vào trước hạn, đúng hạn hay quá"
    " hạn.",
    "Receipt counts where a dossier was received, settlement where it was settled; the column of"
    " those handed in less those handed out makes the sums meet. What was processed without a"
    " limit, or at an uncertain time, stands apart and is neither early, on time nor late.",
)

BEFORE: Final = Said("Trước", "Before")
AFTER: Final = Said("Sau", "After")
CHANGE: Final = Said("Thay đổi", "Change")
CAME: Final = Said("Hồ sơ thêm vào", "Dossiers added")
WENT: Final = Said("Hồ sơ rút ra", "Dossiers taken out")
WHY: Final = Said("Nguyên nhân", "Why")
THEN: Final = Said("Mốc trước", "Earlier cut")
NOW: Final = Said("Mốc sau", "Later cut")
NEW_INDICATOR: Final = Said("chỉ số mới", "a new indicator")
GONE_INDICATOR: Final = Said("chỉ số đã bỏ", "an indicator that is gone")
UNCHANGED: Final = Said("không thay đổi", "unchanged")
A_NUMBER: Final = Said("có số liệu", "a number")
CHANGED_OTHERWISE: Final = Said(
    "thay đổi do danh mục, đăng ký hệ thống, số liệu được cung cấp hoặc quy tắc tính",
    "moved by the catalogue, the register, a claim or the rules",
)
CAUSES: Final = {
    Cause.WENT_ON: Said(
        "Kỳ báo cáo chưa kết thúc tại mốc trước.",
        "The period was not over at the earlier cut.",
    ),
    Cause.BOOKED: Said(
        "Sau mốc trước có hồ sơ hoặc phản ánh, kiến nghị thuộc kỳ này được ghi nhận muộn, sửa hoặc"
        " huỷ.",
        "After the earlier cut dossiers or petitions of this period arrived late, were corrected"
        " or voided.",
    ),
    Cause.RECOMPUTED: Said(
        "Toàn bộ hồ sơ được tính lại theo quy tắc hoặc tệp tham chiếu khác.",
        "All dossiers were booked anew, by other rules or reference files.",
    ),
    Cause.SET_CHANGED: Said(
        "Bộ chỉ số đã có phiên bản khác.", "The set of indicators has another version."
    ),
    Cause.CLAIMED: Said(
        "Số liệu do cơ quan khác cung cấp đã được bổ sung hoặc sửa.",
        "Claims of others came or were corrected.",
    ),
}
NO_CAUSE: Final = Said(
    "Không có thay đổi giữa hai mốc.", "Nothing changed between the two cuts."
)
CLASSES: Final = {
    "live": Said("Ghi nhận đúng lúc", "Booked as it happened"),
    "late": Said("Ghi nhận muộn hơn 1 giờ", "Booked more than an hour late"),
    "backfill": Said("Nạp bổ sung", "Backfilled"),
    "recompute": Said("Tính lại", "Recomputed"),
}
PLACE: Final = Said("Hạng", "Place")
OF: Final = Said("Trên tổng số", "Of")
PEERS: Final = Said("Nhóm so sánh", "Peer group")
AGENCY: Final = Said("Cơ quan", "Agency")
CODE: Final = Said("Mã", "Code")
VOLUME: Final = Said("Hồ sơ tiếp nhận", "Received")
MOVEMENT: Final = Said("Thay đổi hạng", "Movement")
PLACE_BEFORE: Final = Said("Hạng kỳ trước", "Place before")
VALUE_BEFORE: Final = Said("Kỳ trước", "Before")
RANKED: Final = {
    Ranked.MINISTRIES: Said("các bộ, ngành", "ministries and bodies"),
    Ranked.PROVINCES: Said("các tỉnh, thành phố", "provinces"),
    Ranked.COMMUNES: Said("các xã, phường, đặc khu", "communes"),
    Ranked.DEPARTMENTS: Said("các sở, ban, ngành", "departments"),
}
RANKING: Final = Said("Xếp hạng", "Ranking of")
RANKED_BY: Final = Said("Xếp hạng theo", "Ranked by")
POINTS_SHARE: Final = Said(
    "tổng điểm, quy về thang điểm của bộ chỉ số", "points, as a share of those that are known"
)
UNRANKED: Final = {
    Unranked.NULL: Said("không xếp hạng: không có giá trị", "no place: there is no value"),
    Unranked.TOO_SMALL: Said(
        "không xếp hạng: ít hơn {n} hồ sơ", "no place: fewer than {n} dossiers"
    ),
}
TIES: Final = Said(
    "Cơ quan có cùng giá trị được xếp cùng hạng. Thay đổi hạng so với kỳ liền trước, trong cùng nhóm.",
    "Agencies with the same value share a place. Movement is since the period before, among the"
    " same peers.",
)
CHANGED_BY: Final = Said("Do", "Because of")
