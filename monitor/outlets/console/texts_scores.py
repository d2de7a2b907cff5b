"""Texts of the console's scorecards, rankings, differences and reports: key, Vietnamese, English."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "scores.title": ("Bảng điểm và báo cáo", "Scorecards and reports"),
    "scores.says": (
        "Các bộ chỉ số chính thức, tính từ hồ sơ tại một mốc chốt số liệu; cùng số liệu với giao diện lập"
        " trình và lệnh “emc report”.",
        "Official sets of indicators, counted from dossiers at a cut: the same figures as the API's and"
        " those of “emc report”.",
    ),
    "scores.country": ("Cả nước", "The country"),
    "scores.scope": ("Cơ quan", "Agency"),
    "scores.period": ("Kỳ", "Period"),
    "scores.span.day": ("Ngày", "Day"),
    "scores.span.month": ("Tháng", "Month"),
    "scores.span.quarter": ("Quý", "Quarter"),
    "scores.span.half": ("6 tháng", "Half year"),
    "scores.span.year": ("Năm", "Year"),
    "scores.spans": ("Độ dài kỳ", "Length of the period"),
    "scores.earlier": ("Kỳ trước", "Earlier"),
    "scores.later": ("Kỳ sau", "Later"),
    "scores.set": ("Bộ chỉ số", "Set of indicators"),
    "scores.sets": ("Các bộ chỉ số", "Sets of indicators"),
    "scores.card": ("Bảng điểm", "Scorecard"),
    "scores.figures": ("Số liệu", "Figures"),
    "scores.definitions": ("Định nghĩa", "Definitions"),
    "scores.owner": ("Cơ quan ban hành", "Owner"),
    "scores.valid": ("Hiệu lực", "Valid"),
    "scores.valid.from": ("từ {day}", "from {day}"),
    "scores.valid.until": ("từ {day} đến trước {until}", "from {day} until before {until}"),
    "scores.points": ("Điểm", "Points"),
    "scores.most": ("Điểm tối đa", "Most points"),
    "scores.most.is": (
        "Tổng điểm tối đa của các chỉ số trong bộ.",
        "The most that all indicators of the set give.",
    ),
    "scores.no_points": ("không tính điểm", "no points"),
    "scores.out_of": ("{n} điểm", "{n} points"),
    "scores.indicators": ("{n} chỉ số", "{n} indicators"),
    "scores.ranking": ("Xếp hạng", "Ranking"),
    "scores.ranking.later": ("Có khi kỳ đã kết thúc", "Once the period is over"),
    "scores.last": (
        "Số liệu {period} có thay đổi sau khi chốt không?",
        "Have the figures of {period} changed since it was closed?",
    ),
    "scores.last.says": (
        "So số liệu lúc chốt kỳ với số liệu hiện nay, và xem những hồ sơ nào làm thay đổi:",
        "Figures as of closing against those known now, and the dossiers in between:",
    ),
    "scores.archive": ("Báo cáo đã công bố", "Published reports"),
    "scores.archive.none": (
        "Chưa có báo cáo nào được công bố (“emc report … --publish”).",
        "No report was published yet (“emc report … --publish”).",
    ),
    "scores.got": ("Điểm đạt được", "Points had"),
    "scores.left": ("Điểm chưa đạt", "Points missed"),
    "scores.group": ("Nhóm", "Group"),
    "scores.of": ("Trên", "Out of"),
    "scores.total": (
        "Tổng điểm, trên số điểm của các chỉ số đã biết",
        "Points, of those of the indicators that are known",
    ),
    "scores.total.is": (
        "Tổng điểm của các chỉ số đã biết; chỉ số chưa có số liệu hoặc không phát sinh không nằm trong tổng"
        " và không nằm trong số điểm tối đa.",
        "The points of the indicators that are known; what is not known or has nothing to measure is"
        " neither in the sum nor in what it is out of.",
    ),
    "scores.unknown": ("Điểm của chỉ số chưa có số liệu", "Points of what is not known"),
    "scores.empty": (
        "Điểm của chỉ số không phát sinh",
        "Points of what has nothing to measure",
    ),
    "scores.left_side": ("Vế trái", "Left side"),
    "scores.left_side.is": (
        "Vế đầu của phép đối chiếu nêu ở đầu dòng, tính từ các số liệu trên trang này.",
        "The first side of what the row says must be equal, made of the figures on this page.",
    ),
    "scores.right_side": ("Vế phải", "Right side"),
    "scores.right_side.is": (
        "Vế sau của phép đối chiếu nêu ở đầu dòng, tính từ các số liệu trên trang này.",
        "The other side of what the row says must be equal, made of the figures on this page.",
    ),
    "scores.apart": ("Chênh lệch", "Difference"),
    "scores.apart.is": (
        "Vế trái trừ vế phải; phải bằng 0.",
        "The left side less the right; it must be 0.",
    ),
    "scores.by_group": ("Xếp lại theo nhóm", "By group again"),
    "scores.now": ("Hiện nay", "Known now"),
    "scores.signs": ("Ký hiệu", "Signs"),
    "scores.form": ("Theo mẫu biểu", "In the layout of the form"),
    "scores.each": ("Chi tiết", "Broken down"),
    "scores.each.unit": ("theo cơ quan, đơn vị", "by unit"),
    "scores.each.procedure": ("theo thủ tục hành chính", "by procedure"),
    "scores.download": ("Tải báo cáo", "Download the report"),
    "scores.difference": ("So với lúc chốt kỳ", "Against closing"),
    "scores.none": ("Chưa có số liệu", "There are no figures yet"),
    "scores.none.says": (
        "Chưa có mốc chốt số liệu nào: máy trạm (emc worker) tạo mốc đầu tiên sau khi ghi sổ.",
        "There is no cut yet: a worker makes the first once it has booked.",
    ),
    "scores.provenance": ("Nguồn gốc số liệu", "Where the figures come from"),
    "ranking.title": ("Xếp hạng", "Ranking"),
    "ranking.kind": ("Xếp hạng ai", "Who is ranked"),
    "ranking.by": ("Xếp theo", "Ranked by"),
    "ranking.place": ("Hạng", "Place"),
    "ranking.place.is": (
        "Thứ hạng theo “{by}” trong cùng nhóm; bằng nhau thì cùng hạng.",
        "The place by “{by}” among peers; equals share one.",
    ),
    "ranking.did.is": (
        "Phần của thủ tục hoặc chỉ số này trong thay đổi so với kỳ trước; cộng mọi dòng được toàn bộ thay đổi.",
        "What this procedure or indicator did to the change since the period before; all rows add up to it.",
    ),
    "ranking.agency": ("Cơ quan", "Agency"),
    "ranking.value": ("Giá trị", "Value"),
    "ranking.change": ("Thay đổi", "Change"),
    "ranking.movement": ("Thay đổi hạng", "Movement"),
    "ranking.volume": ("Tiếp nhận", "Received"),
    "ranking.why": ("Vì sao", "Why"),
    "ranking.why.of": ("Vì sao {name} thay đổi", "What moved {name}"),
    "ranking.why.says": (
        "So với {period}: mỗi dòng là phần đóng góp vào thay đổi; cộng lại bằng toàn bộ thay đổi.",
        "Since {period}: what each did to the change; all of them add up to it.",
    ),
    "ranking.why.points": (
        "So với {period}: điểm của từng chỉ số; cộng lại bằng thay đổi của tổng điểm. Xếp hạng theo tổng"
        " điểm trên số điểm của các chỉ số đã biết, nên một chỉ số vừa có hoặc vừa mất số liệu cũng làm đổi"
        " cả mẫu số.",
        "Since {period}: the points of each; they add up to the change of the points. Ranked is by points of"
        " those that are known, so that one which came to be known, or ceased to be, moves what they are out"
        " of too.",
    ),
    "ranking.why.nothing": (
        "Không có gì thay đổi, hoặc một trong hai kỳ không có giá trị.",
        "Nothing changed, or one of both periods has no value.",
    ),
    "ranking.why.procedures": ("Thủ tục nào", "Which procedures"),
    "ranking.procedure": ("Thủ tục hành chính", "Procedure"),
    "ranking.did": ("Đóng góp", "Contribution"),
    "ranking.did.points": ("điểm phần trăm", "percentage points"),
    "ranking.sum": ("Cộng", "In all"),
    "ranking.close": ("Đóng lý do", "Close"),
    "ranking.none": ("Không có cơ quan nào khớp.", "No agency matches."),
    "ranking.minimum": (
        "Dưới {n} hồ sơ trong kỳ thì được liệt kê riêng, không xếp hạng.",
        "With fewer than {n} dossiers in the period an agency stands apart, without a place.",
    ),
    "ranking.not_over": (
        "Kỳ chưa kết thúc: số liệu mới tính đến hết ngày {day}, thứ hạng còn thay đổi.",
        "The period is not over: figures are up to {day}, and places still change.",
    ),
    "ranking.less_is_better": ("Thấp hơn là tốt hơn.", "Less is better."),
    "ranking.class": (
        "{kind}, nhóm {id} (từ {n} hồ sơ)",
        "{kind}, class {id} ({n} dossiers and more)",
    ),
    "ranking.total.is": (
        "Điểm đạt được trên số điểm của các chỉ số đã biết, quy về thang điểm của bộ chỉ số.",
        "Points had, of those of the indicators that are known, on the set's scale.",
    ),
    "ranking.apart": ("Không xếp hạng", "Without a place"),
    "difference.title": ("Thay đổi sau khi chốt kỳ", "Changed since closing"),
    "difference.then": ("Lúc chốt kỳ (số {cut}, {at})", "At closing (cut {cut}, {at})"),
    "difference.then.chosen": ("Mốc trước (số {cut}, {at})", "Then (cut {cut}, {at})"),
    "difference.now": ("Hiện nay (số {cut}, {at})", "Now (cut {cut}, {at})"),
    "difference.choose": ("So với lúc khác", "Against another time"),
    "difference.closing": ("lúc chốt kỳ", "closing"),
    "difference.report": ("báo cáo số {id}, {at}", "report {id}, {at}"),
    "difference.none": (
        "Kỳ này chưa kết thúc nên chưa chốt số liệu. Hãy chọn một kỳ trước đó, hoặc một thời điểm để so.",
        "This period is not over and was not closed yet. Choose an earlier one, or a time to compare with.",
    ),
    "difference.none.cut": (
        "Từ khi kỳ này kết thúc chưa có mốc chốt số liệu nào.",
        "There is no cut yet since this period was over.",
    ),
    "difference.late": (
        "Sổ số liệu không giữ mốc nào ngay khi kỳ kết thúc; đây là mốc đầu tiên sau đó.",
        "The ledger has no cut of just when the period was over; this is the first after it.",
    ),
    "difference.changed": (
        "{n} chỉ số đã thay đổi",
        "{n} indicators have changed",
    ),
    "difference.same": ("Không chỉ số nào thay đổi.", "No indicator has changed."),
    "difference.unchanged": ("Không thay đổi: {n}", "Unchanged: {n}"),
    "difference.which": ("Hồ sơ nào?", "Which dossiers?"),
    "difference.came": ("thêm {n}", "{n} came"),
    "difference.went": ("rút {n}", "{n} went"),
    "difference.dossiers": (
        "Hồ sơ làm thay đổi {side} của “{name}”",
        "Dossiers that changed the {side} of “{name}”",
    ),
    "difference.side.numerator": ("tử số", "numerator"),
    "difference.side.denominator": ("mẫu số", "denominator"),
    "difference.dossier": ("Hồ sơ", "Dossier"),
    "difference.was": ("Trước", "Before"),
    "difference.was.is": (
        "Hồ sơ này được tính bao nhiêu lần trong số đó, theo mốc trước.",
        "How often the dossier counted in that number at the first cut.",
    ),
    "difference.is": ("Nay", "Now"),
    "difference.is.is": (
        "Hồ sơ này được tính bao nhiêu lần trong số đó, theo mốc sau.",
        "How often the dossier counts in that number at the second cut.",
    ),
    "difference.came_in": ("Thêm", "Came"),
    "difference.came_in.is": (
        "Sổ ghi thêm bấy nhiêu vào số này sau mốc trước, đến hết mốc sau; bù trừ trong từng cơ quan, thủ tục.",
        "What the journal added to this number after the first cut, up to the second; net within each agency and"
        " procedure.",
    ),
    "difference.went_out": ("Rút", "Went"),
    "difference.went_out.is": (
        "Sổ rút bấy nhiêu khỏi số này sau mốc trước, đến hết mốc sau: hồ sơ được sửa, huỷ hoặc chuyển sang kỳ"
        " khác.",
        "What the journal took from this number after the first cut, up to the second: dossiers corrected,"
        " cancelled or moved to another period.",
    ),
    "difference.apart": ("Thay đổi", "Change"),
    "difference.apart.is": (
        "Giá trị ở mốc sau trừ giá trị ở mốc trước; với tỷ lệ là điểm phần trăm.",
        "The value at the second cut less that at the first; of shares in percentage points.",
    ),
    "difference.points": ("Thay đổi điểm", "Change of points"),
    "difference.points.is": (
        "Điểm ở mốc sau trừ điểm ở mốc trước.",
        "The points at the second cut less those at the first.",
    ),
    "difference.then.short": ("Mốc trước", "First cut"),
    "difference.now.short": ("Mốc sau", "Second cut"),
    "difference.last": ("Thông tin đến sau cùng lúc", "Last heard"),
    "difference.events": ("Thông tin đến giữa hai mốc", "Events between"),
    "difference.events.is": (
        "Số sự kiện của hồ sơ đã đến giữa hai mốc.",
        "Events of the dossier that came between both cuts.",
    ),
    "difference.more": ("Tìm tiếp", "Look further"),
    "difference.nobody": (
        "Trong {n} hồ sơ đã xem không có hồ sơ nào có thông tin đến giữa hai mốc làm thay đổi số này.",
        "Of {n} dossiers looked at, none changed this number by what came between both cuts.",
    ),
    "difference.explains": (
        "Đó là toàn bộ thay đổi: sổ ghi thêm {came}, rút {went}.",
        "That is all of the change: the journal has {came} that came and {went} that went.",
    ),
    "difference.partly": (
        "Sổ ghi thêm {came}, rút {went}; các hồ sơ trên đây thêm {added}, rút {taken}. Phần còn lại ở trang"
        " tiếp, hoặc đã đến trước mốc và được ghi sổ sau, hoặc do tính lại theo quy tắc khác.",
        "The journal has {came} that came and {went} that went; the dossiers above {added} and {taken}. The"
        " others are on a further page, or came before the first cut and were booked after it, or were"
        " booked anew by other rules.",
    ),
    "difference.written": (
        "Lần xem này đã được ghi lại.",
        "This look was written down.",
    ),
    "reports.title": ("Báo cáo đã công bố", "Published reports"),
    "reports.says": (
        "Mỗi báo cáo được giữ nguyên từng byte, kèm mã băm SHA-256. Kiểm chứng bằng “emc report --verify"
        " SỐ”.",
        "Each report is kept to the byte, with its SHA-256. Prove one with “emc report --verify NUMBER”.",
    ),
    "reports.number": ("Số", "No."),
    "reports.kind": ("Loại", "Kind"),
    "reports.kind.scorecard": ("bảng điểm", "scorecard"),
    "reports.kind.ranking": ("xếp hạng", "ranking"),
    "reports.kind.breakdown": ("chi tiết", "breakdown"),
    "reports.kind.difference": ("thay đổi", "difference"),
    "reports.at": ("Công bố lúc", "Published"),
    "reports.by": ("Người công bố", "By"),
    "reports.why": ("Lý do", "Why"),
    "reports.cut": ("Mốc chốt", "Cut"),
    "reports.cut.is": (
        "Số trong nhật ký mà báo cáo tính đến: mọi bút toán có số đến số này, và không bút toán nào sau đó.",
        "The number of the journal that the report is as of: all that was booked up to it, and nothing after.",
    ),
    "reports.file": ("Tệp", "File"),
    "reports.hash": ("SHA-256", "SHA-256"),
    "reports.changed": ("đổi gì từ đó?", "changed since?"),
}
