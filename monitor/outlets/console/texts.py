"""Every text of the console in Vietnamese and in English; pages of others' add modules of their own.

Tests hold that both languages have every text, with the same gaps, and that no key is missing.
"""

from collections.abc import Mapping
from typing import Any, Final

from monitor.outlets.console import (
    texts_agency,
    texts_dossier,
    texts_ops,
    texts_problems,
    texts_scores,
    texts_work,
)
from monitor.outlets.digest.words import Language

OWN: Final[Mapping[str, tuple[str, str]]] = {
    # The frame.
    "app.name": ("Giám sát dịch vụ công", "Public service levels"),
    "app.skip": ("Tới nội dung chính", "Skip to the content"),
    "app.menu": ("Các trang", "Pages"),
    "app.search": ("Tìm cơ quan, thủ tục, mã hồ sơ", "Search agency, procedure, dossier code"),
    "app.search.go": ("Tìm", "Search"),
    "app.sign_in": ("Đăng nhập", "Sign in"),
    "app.sign_out": ("Đăng xuất", "Sign out"),
    "app.other_language": ("English", "Tiếng Việt"),
    "app.light": ("Nền sáng", "Light"),
    "app.dark": ("Nền tối", "Dark"),
    "app.api": ("Giao diện lập trình", "API"),
    "app.footer": (
        "Số liệu tính từ sự kiện của các hệ thống giải quyết thủ tục hành chính. Bấm vào một số để xem"
        " định nghĩa.",
        "Figures are counted from the events of procedure-handling systems. Press a number for its"
        " definition.",
    ),
    "app.refresh": ("Tải lại", "Refresh"),
    "role.public": ("khách", "visitor"),
    "role.agency": ("cơ quan {agency}", "agency {agency}"),
    "role.national": ("toàn quốc", "national"),
    "role.admin": ("quản trị", "administrator"),
    # Live.
    "live.at": ("Cập nhật lúc", "As of"),
    "live.on": ("Đang cập nhật trực tiếp", "Live"),
    "live.off": ("Mất kết nối trực tiếp; đang thử lại", "Not live; trying again"),
    "live.none": ("Trang không tự cập nhật", "This page does not update itself"),
    # What a number means.
    "meaning.open": ("Định nghĩa của {name}", "Definition of {name}"),
    "meaning.close": ("Đóng", "Close"),
    "meaning.more": ("Định nghĩa đầy đủ", "Full definition"),
    "meaning.what": ("Là gì", "What it is"),
    "meaning.standing": ("Tình trạng", "Standing"),
    "meaning.reason": ("Lý do", "Reason"),
    "meaning.parts": ("Tử số / mẫu số", "Numerator / denominator"),
    "meaning.rule": ("Công thức", "Formula"),
    "meaning.known": ("Chốt số liệu lúc", "Cut sealed at"),
    "meaning.policy": ("Kỳ quy tắc, tệp tham chiếu", "Policy epoch, reference files"),
    "meaning.basis": ("Cơ sở", "Basis"),
    "chart.undrawn": (
        "Chưa vẽ được biểu đồ; các số liệu vẫn đầy đủ.",
        "The chart could not be drawn; the figures are all here.",
    ),
    # Tables.
    "table.csv": ("Tải CSV", "Download CSV"),
    "table.numbers": ("Bảng số liệu", "The numbers as a table"),
    "table.sort": ("Xếp theo {name}", "Sort by {name}"),
    "table.none": ("Không có dòng nào.", "No rows."),
    "table.none_match": (
        "Không có dòng nào khớp với bộ lọc đang chọn.",
        "No row is like what is asked for.",
    ),
    "table.rows": ("Số dòng", "Rows"),
    "table.rows.is": (
        "Số dòng trong bảng bên dưới; sau dấu / là tổng số dòng, kể cả những dòng bị bộ lọc bỏ qua hoặc"
        " không được liệt kê.",
        "Rows of the table below; after the / all that there are, also those that a filter leaves out or"
        " that are not listed.",
    ),
    "table.words": ("Có các từ", "With the words"),
    "table.filter": ("Lọc", "Filter"),
    "time.moment": ("dưới 1 phút", "under 1 min"),
    "time.minutes": ("{n} phút", "{n} min"),
    "time.hours": ("{n} giờ", "{n} h"),
    "time.days": ("{n} ngày", "{n} days"),
    # Periods that lie ahead, and what is waited for.
    "period.ahead": (
        "Kỳ này bắt đầu từ {day}: chưa có số liệu nào.",
        "This period begins on {day}: there are no figures yet.",
    ),
    "period.usual": ("Xem kỳ hiện nay", "Show the present one"),
    "app.loading": (
        "Đang đọc số liệu… Kỳ dài hoặc cả nước có thể mất vài giây.",
        "Reading the figures… A long period, or the country, may take some seconds.",
    ),
    # As known then.
    "then.label": ("Như đã biết lúc", "As known at"),
    "then.go": ("Xem", "Show"),
    "then.now": ("Trở về hiện tại", "Back to now"),
    "then.banner": (
        "Số liệu như đã biết lúc {at}. Có thể đã được bổ sung, đính chính từ đó đến nay.",
        "Figures as known at {at}. They may have been added to or corrected since.",
    ),
    "then.difference": ("So với hiện nay", "Now against then"),
    # Country now.
    "now.title": ("Cả nước hiện nay", "Country now"),
    "now.today": ("Hôm nay, {day}", "Today, {day}"),
    "now.received": ("Tiếp nhận", "Received"),
    "now.received.is": (
        "Hồ sơ được tiếp nhận hôm nay, theo ngày tiếp nhận.",
        "Dossiers received today, by the day of receipt.",
    ),
    "now.completed": ("Đã giải quyết", "Completed"),
    "now.completed.is": (
        "Hồ sơ giải quyết xong hôm nay (trạng thái 9, hoặc 10 khi không qua 9).",
        "Dossiers completed today (state 9, or 10 where 9 was skipped).",
    ),
    "now.returned": ("Trả lại", "Returned"),
    "now.on_time": ("Đúng hạn", "On time"),
    "now.on_time.is": (
        "Hồ sơ kết thúc hôm nay đúng hạn, trên tổng số kết thúc hôm nay có hạn và rõ thời điểm.",
        "Dossiers that ended on time today, of those that ended today with a limit and a certain time.",
    ),
    "now.rule_766": ("quy tắc của Quyết định 766/QĐ-TTg", "rule of Decision 766/QĐ-TTg"),
    "now.rule_plain": ("hạn do hệ thống nguồn gửi", "by the due date that was sent"),
    "now.open": ("Đang giải quyết", "Open"),
    "now.open.is": (
        "Hồ sơ đã tiếp nhận, chưa kết thúc: đang giải quyết hoặc tạm dừng.",
        "Dossiers received and not ended: in process or paused.",
    ),
    "now.overdue": ("Quá hạn", "Overdue"),
    "now.overdue.is": (
        "Hồ sơ đang giải quyết hoặc tạm dừng đã qua hạn do hệ thống nguồn gửi.",
        "Open dossiers whose due date, as it was sent, has passed.",
    ),
    "now.moved.received.is": (
        "Hồ sơ được tiếp nhận trong {n} phút qua, theo lúc ghi vào sổ số liệu.",
        "Dossiers received in the last {n} minutes, by when the ledger booked them.",
    ),
    "now.moved.completed.is": (
        "Hồ sơ giải quyết xong trong {n} phút qua, theo lúc ghi vào sổ số liệu.",
        "Dossiers completed in the last {n} minutes, by when the ledger booked them.",
    ),
    "now.moved.returned.is": (
        "Hồ sơ trả lại trong {n} phút qua, theo lúc ghi vào sổ số liệu.",
        "Dossiers returned in the last {n} minutes, by when the ledger booked them.",
    ),
    "now.moved": ("Vừa diễn ra", "What moved"),
    "now.moved.minutes": ("{n} phút qua", "the last {n} minutes"),
    "now.moved.nothing": ("Không có hồ sơ nào chuyển trạng thái.", "No dossier moved."),
    "now.services": ("Nhóm dịch vụ suy giảm", "Degraded services"),
    "now.services.none": (
        "Không có nhóm dịch vụ nào suy giảm.",
        "No group of services is degraded.",
    ),
    "now.services.unjudged": (
        "Chưa nhóm dịch vụ nào được đánh giá.",
        "No group of services has been judged yet.",
    ),
    "now.sources": ("Hệ thống nguồn có vấn đề", "Sources in trouble"),
    "now.sources.none": ("Mọi hệ thống nguồn đều kết nối.", "Every source is connected."),
    "now.sources.unjudged": (
        "Chưa hệ thống nguồn nào được đánh giá; nhập danh bạ bằng emc source.",
        "No source has been judged yet; enter them with emc source.",
    ),
    "now.all_sources": ("Tất cả kết nối", "All connections"),
    "now.provinces": ("Các tỉnh, thành phố", "Provinces"),
    "now.map": ("Bản đồ ô vuông", "Tile map"),
    "now.map.says": (
        "Mỗi ô là một tỉnh, thành phố, đặt gần đúng vị trí; màu theo năm nhóm bằng nhau. Ô gạch chéo là"
        " chưa có số liệu.",
        "A tile a province, roughly where it lies, coloured by fifths. Hatched tiles have no figure.",
    ),
    "now.by.emc": ("Hồ sơ trực tuyến toàn trình (EMC)", "Full-process online (EMC)"),
    "now.by.on_time": ("Giải quyết đúng hạn", "Settled on time"),
    "now.kind.provinces": ("Tỉnh, thành phố", "Provinces"),
    "now.kind.ministries": ("Bộ, ngành", "Ministries"),
    "now.kind.communes": ("Xã, phường, đặc khu", "Communes"),
    "now.kind.departments": ("Sở, ban, ngành", "Departments"),
    "now.by": ("Tô và xếp theo", "Coloured and ranked by"),
    "now.period": ("Kỳ", "Period"),
    "now.place": ("Hạng", "Place"),
    "now.agency": ("Cơ quan", "Agency"),
    "now.movement": ("So với kỳ trước", "Since the period before"),
    "now.stale": (
        "Không máy trạm nào (emc worker) ghi sổ số liệu từ {at} ({span} trước): máy trạm đã dừng, hoặc không"
        " kết nối được với sổ. Những gì diễn ra từ đó chưa có trong số liệu dưới đây.",
        "No worker (emc worker) has kept the ledger since {at} ({span} ago): it has stopped, or cannot"
        " reach the ledger. What has happened since is missing below.",
    ),
    "now.never": (
        "Chưa có máy trạm nào (emc worker) ghi sổ số liệu: mọi số dưới đây còn bằng 0 vì chưa có gì được"
        " nhận, không phải vì không có hồ sơ.",
        "No worker (emc worker) has kept this ledger yet: whatever is 0 below is so because nothing was"
        " received, and not because there are no dossiers.",
    ),
    "now.movement.is": (
        "Số bậc tăng (▲) hoặc giảm (▼) trong xếp hạng so với kỳ liền trước.",
        "Places gained (▲) or lost (▼) in the ranking since the period before.",
    ),
    "now.minimum": (
        "Dưới {n} hồ sơ trong kỳ thì không xếp hạng (–).",
        "With fewer than {n} dossiers in the period there is no place (–).",
    ),
    "now.unranked": ("chưa xếp hạng", "no place"),
    "now.month": ("{n} ngày qua", "The last {n} days"),
    "now.chart": (
        "Hồ sơ tiếp nhận và đã giải quyết mỗi ngày trong {n} ngày qua",
        "Dossiers received and completed a day over the last {n} days",
    ),
    "now.day": ("Ngày", "Day"),
    "now.figures_as_of": (
        "Xếp hạng tính đến mốc chốt lúc {at}.",
        "The ranking is as of the cut sealed at {at}.",
    ),
    "now.not_over": (
        "Xếp hạng của kỳ chưa kết thúc chỉ mở cho vai trò toàn quốc.",
        "The ranking of a period that is not over is open to the national role only.",
    ),
    "now.not_yours": (
        "Số liệu hiện nay của cơ quan khác không mở cho bạn.",
        "How another agency stands now is not open to you.",
    ),
    "now.public": ("Số liệu công bố", "Public figures"),
    "now.public.says": (
        "Khách xem được số liệu đã công bố và các định nghĩa. Số liệu trực tiếp, hồ sơ và xếp hạng cần"
        " đăng nhập.",
        "Visitors see what was released, and definitions. Live figures, dossiers and rankings need a"
        " sign-in.",
    ),
    "now.public.none": (
        "Chưa có bảng số liệu nào được công bố.",
        "No table has been released yet.",
    ),
    "now.public.held_back": ("Số giữ kín", "Held back"),
    "now.public.days": ("Các kỳ đã công bố", "Released periods"),
    "now.public.suppressed": (
        "… là số được giữ kín để không nhận ra người nộp hồ sơ.",
        "… stands for a number that is held back so that no applicant can be made out.",
    ),
    "now.agency_only": ("Cơ quan của bạn, hôm nay", "Your agency, today"),
    "now.since": ("từ {at} ({span})", "since {at} ({span})"),
    # Who is worst today, and why.
    "worst.title": ("Kém nhất hôm nay", "Worst today"),
    "worst.says": (
        "hồ sơ quá hạn trên số đang giải quyết, nơi có từ {n} hồ sơ",
        "overdue of open dossiers, where {n} or more are open",
    ),
    "worst.share": ("Tỷ lệ quá hạn hiện nay", "Overdue now"),
    "worst.share.is": (
        "Hồ sơ đang giải quyết đã qua hạn do hệ thống nguồn gửi, trên tổng số hồ sơ đang giải quyết (kể cả tạm"
        " dừng) của tỉnh, bộ lúc này. Làm tròn đến 0,1.",
        "Open dossiers whose due date, as it was sent, has passed, of all that a province or ministry has open now,"
        " paused ones included. Rounded to 0.1.",
    ),
    "worst.why": ("Vì sao: {name}", "Why: {name}"),
    "worst.overdue": (
        "trên {open} hồ sơ đang giải quyết đã quá hạn. Nhiều nhất:",
        "of {open} open dossiers are overdue. Most of them:",
    ),
    "worst.nothing": (
        "Không có hồ sơ nào quá hạn trong {open} hồ sơ đang giải quyết.",
        "Nothing is overdue of {open} open dossiers.",
    ),
    "worst.at": ("ở", "at"),
    "worst.service": (
        "Nhóm dịch vụ “{group}” suy giảm: {why}.",
        "The services “{group}” are degraded: {why}.",
    ),
    "worst.source": (
        "Hệ thống nguồn {source} {word} từ {at}: số liệu có thể chưa đủ.",
        "Source {source} is {word} since {at}: figures may be incomplete.",
    ),
    "worst.list": ("Xem {n} hồ sơ quá hạn", "The {n} overdue dossiers"),
    "worst.open": ("Trang của {name}", "Page of {name}"),
    # Words of the ledger.
    "degraded.backlog_and_slow": (
        "tồn đọng tăng và thời gian giải quyết vượt thời hạn",
        "the backlog grows and the usual time is beyond the limit",
    ),
    "class.not_connected": ("chưa kết nối", "not connected"),
    "class.undetermined": ("chưa xác định", "undetermined"),
    "class.interrupted": ("gián đoạn", "interrupted"),
    "class.partial": ("kết nối một phần", "partial"),
    "class.mismatch": ("lệch số liệu", "mismatch"),
    "class.unreconciled": ("chưa đối soát", "unreconciled"),
    "class.connected": ("đã kết nối", "connected"),
    # Search.
    "find.title": ("Tìm kiếm", "Search"),
    "find.none": (
        "Không tìm thấy “{q}”. Thử tên cơ quan, mã cơ quan (H56), mã thủ tục (1.004194) hoặc mã hồ sơ"
        " đầy đủ.",
        "Nothing found for “{q}”. Try an agency’s name or code (H56), a procedure’s code (1.004194), or"
        " a whole dossier code.",
    ),
    "find.empty": (
        "Nhập tên hoặc mã cơ quan, tên hoặc mã thủ tục, hoặc mã hồ sơ.",
        "Give an agency’s name or code, a procedure’s name or code, or a dossier code.",
    ),
    "find.agencies": ("Cơ quan", "Agencies"),
    "find.procedures": ("Thủ tục hành chính", "Procedures"),
    "find.dossier": ("Hồ sơ {code}", "Dossier {code}"),
    # Definitions.
    "definitions.title": ("Định nghĩa", "Definitions"),
    "definitions.says": (
        "Mọi chỉ số được đọc từ tệp có phiên bản; trang này viết từ chính các tệp đó.",
        "Every figure is read from files with versions; this page is written from those files.",
    ),
    "definitions.none": (
        "Chưa có bộ chỉ số nào: máy trạm (emc worker) ghi vào sổ khi khởi động với EMC_REFERENCE.",
        "There are no sets yet: a worker stores them when it starts with EMC_REFERENCE.",
    ),
    "definitions.points": ("Cách tính điểm", "Points"),
    "definitions.zero": ("Khi mẫu số bằng 0", "Where the denominator is 0"),
    "definitions.for": ("Áp dụng cho", "For"),
    "definitions.note": ("Ghi chú", "Note"),
    "definitions.valid": ("Hiệu lực từ {day}", "Valid from {day}"),
    "definitions.count": ("{n} chỉ số", "{n} indicators"),
    "definitions.not_issued": ("Phương pháp tính chưa được ban hành", "No method is issued"),
    "definitions.signs": ("Ký hiệu", "Signs"),
    # Sign-in.
    "sign.title": ("Đăng nhập", "Sign in"),
    "sign.says": (
        "Dán mã truy cập được cấp cho bạn. Mã được cấp bằng lệnh “emc access add”.",
        "Paste the token you were given. “emc access add” makes one.",
    ),
    "sign.token": ("Mã truy cập", "Token"),
    "sign.go": ("Đăng nhập", "Sign in"),
    "sign.wrong": (
        "Mã này không mở được: chưa từng cấp, đã hết hạn hoặc đã bị thu hồi.",
        "This token opens nothing: never made, expired or revoked.",
    ),
    "sign.wait": (
        "Quá nhiều lần thử không đúng từ địa chỉ này. Hãy đợi một phút.",
        "Too many attempts from this address. Wait a minute.",
    ),
    "sign.keeps": (
        "Phiên kéo dài tối đa 12 giờ, hoặc 2 giờ không dùng. Mỗi lần xem hồ sơ đều được ghi lại.",
        "A session lasts 12 hours at most, or 2 hours unused. Every look at dossiers is written down.",
    ),
}

ALL: Final[Mapping[str, tuple[str, str]]] = {
    **OWN,
    **texts_dossier.TEXTS,
    **texts_work.TEXTS,
    **texts_agency.TEXTS,
    **texts_ops.TEXTS,
    **texts_problems.TEXTS,
    **texts_scores.TEXTS,
}


def text(key: str, language: Language, **said: Any) -> str:
    """A text with its gaps filled. Raises `KeyError`."""
    vi, en = ALL[key]
    found = vi if language is Language.VIETNAMESE else en
    return found.format(**said) if said else found
