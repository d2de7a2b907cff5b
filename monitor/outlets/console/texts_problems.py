"""Texts of what went wrong, in plain words: key, Vietnamese, English."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "problem.back": ("Về trang đầu", "To the first page"),
    "problem.request": ("Mã yêu cầu (để báo lỗi)", "Request (to report it)"),
    "problem.detail": ("Chi tiết kỹ thuật (tiếng Anh)", "Technical detail"),
    "problem.sign_in": ("Đăng nhập", "Sign in"),
    "problem.sign_in.other": ("Đăng nhập bằng mã khác", "Sign in with another token"),
    "problem.find": ("Tìm theo tên", "Search by name"),
    "problem.list": ("Xem danh sách", "See what there is"),
    "problem.now": ("Xem số liệu hiện nay", "Show what is known now"),
    "problem.own": ("Trang của cơ quan bạn", "Your agency’s page"),
    "problem.again": ("Thử lại", "Try again"),
    "problem.without": ("Mở trang này không có phần đó", "Open the page without it"),
    # Headings, and what is so and what to do.
    "problem.wrong_parameter": ("Địa chỉ không đọc được", "The address cannot be read"),
    "problem.wrong_parameter.says": (
        "Địa chỉ có phần không đọc được. Hãy mở lại trang từ thanh điều hướng.",
        "A part of the address cannot be read. Open the page from the navigation above.",
    ),
    "problem.wrong_parameter.value": (
        "Phần “{name}={asked}” của địa chỉ không đọc được.",
        "The part “{name}={asked}” of the address cannot be read.",
    ),
    "problem.wrong_parameter.name": (
        "Trang này không nhận phần “{name}” trong địa chỉ.",
        "This page takes no “{name}” in its address.",
    ),
    "problem.hint.period": (
        "Viết kỳ như 2026-10 (tháng), 2026-Q3 (quý), 2026-H1 (6 tháng), 2026 (năm) hoặc 2026-10-05"
        " (ngày), từ năm 1990 đến năm 2100.",
        "Write a period as 2026-10 (month), 2026-Q3 (quarter), 2026-H1 (half a year), 2026 (year) or"
        " 2026-10-05 (day), from 1990 to 2100.",
    ),
    "problem.hint.known_at": (
        "Viết thời điểm như 2026-09-01T08:00, theo giờ Việt Nam.",
        "Write a time as 2026-09-01T08:00, Vietnam’s time.",
    ),
    "problem.hint.then": (
        "Viết thời điểm như 2026-09-01T08:00, theo giờ Việt Nam.",
        "Write a time as 2026-09-01T08:00, Vietnam’s time.",
    ),
    "problem.hint.on": ("Viết ngày như 2026-08-14.", "Write a day as 2026-08-14."),
    "problem.hint.day": ("Viết ngày như 2026-08-14.", "Write a day as 2026-08-14."),
    "problem.hint.agency": (
        "Viết mã cơ quan như H56 hoặc H56.04, hoặc tìm theo tên.",
        "Write an agency’s code as H56 or H56.04, or search by its name.",
    ),
    "problem.hint.why": (
        "Viết mã cơ quan như H56 hoặc H56.04.",
        "Write an agency’s code as H56 or H56.04.",
    ),
    "problem.hint.lang": ("Chọn vi hoặc en.", "Choose vi or en."),
    "problem.hint.q": ("Tìm bằng ít chữ hơn.", "Search with fewer words."),
    "problem.no_token": ("Trang này cần đăng nhập", "This page needs a sign-in"),
    "problem.no_token.says": (
        "Khách chỉ xem được số liệu đã công bố và các định nghĩa. Hãy đăng nhập bằng mã truy cập được cấp"
        " cho bạn; chưa có mã thì liên hệ người quản trị hệ thống.",
        "Visitors see released figures and definitions only. Sign in with the token you were given; to"
        " have one, ask who administers this service.",
    ),
    "problem.unknown_token": (
        "Phiên đăng nhập không còn hiệu lực",
        "The sign-in is no longer valid",
    ),
    "problem.unknown_token.says": (
        "Mã truy cập đã hết hạn hoặc bị thu hồi. Hãy đăng nhập lại bằng mã khác.",
        "The token has expired or was revoked. Sign in again with another.",
    ),
    "problem.tls_required": (
        "Chỉ đăng nhập được qua kết nối được mã hoá (https)",
        "Signing in needs an encrypted connection (https)",
    ),
    "problem.tls_required.says": (
        "Mã vừa gửi đi qua kết nối mà người khác đọc được. Hãy đề nghị thu hồi mã đó, nhận mã mới và đăng"
        " nhập qua https.",
        "The token just went over a connection that others can read. Have it revoked, get another, and"
        " sign in by https.",
    ),
    "problem.not_yours": (
        "Trang này không thuộc quyền của bạn",
        "This page is not yours to see",
    ),
    "problem.not_yours.says": (
        "Mã truy cập của bạn không có vai trò mà trang này cần. Nếu công việc cần đến, hãy đề nghị người"
        " quản trị hệ thống cấp mã khác.",
        "Your token does not have the role that this page needs. If your work does, ask who administers"
        " this service for another.",
    ),
    "problem.not_yours.agency": (
        "Mã truy cập của bạn mở số liệu của {agency} và các đơn vị trực thuộc; trang này là của cơ quan"
        " khác, hoặc của vai trò khác.",
        "Your token opens the figures of {agency} and the units below it; this page is of another agency,"
        " or for another role.",
    ),
    "problem.not_yours.ranking": (
        "Các cơ quan chỉ xem được xếp hạng của kỳ đã kết thúc, và chỉ xem được lý do thay đổi của mình."
        " Hãy chọn một kỳ trước đó.",
        "Agencies see the ranking of a period once it is over, and the reasons of their own movement"
        " only. Choose an earlier period.",
    ),
    "problem.not_yours.form": (
        "Biểu mẫu được gửi từ một trang khác, hoặc từ phiên đăng nhập trước. Không có gì thay đổi. Hãy mở"
        " lại trang và gửi lại.",
        "The form was sent by another page, or of an earlier sign-in. Nothing has changed. Open the page"
        " again and send it anew.",
    ),
    "problem.not_found": ("Không tìm thấy", "Not found"),
    "problem.not_found.says": (
        "Địa chỉ này không có trang nào. Có thể địa chỉ bị gõ sai hoặc bị cắt bớt.",
        "There is no page at this address. It may have been mistyped or cut short.",
    ),
    "problem.not_found.agency.heading": ("Không có cơ quan này", "There is no such agency"),
    "problem.not_found.agency": (
        "Danh mục không có cơ quan nào mang mã “{asked}”, và chưa có hồ sơ nào của cơ quan đó. Hãy tìm theo"
        " tên.",
        "No list has an agency with the code “{asked}”, and no dossier is of it. Search by its name.",
    ),
    "problem.not_found.procedure.heading": (
        "Không có thủ tục này",
        "There is no such procedure",
    ),
    "problem.not_found.procedure": (
        "Danh mục không có thủ tục nào mang mã “{asked}”, và chưa có hồ sơ nào của thủ tục đó. Hãy tìm theo"
        " tên.",
        "No catalogue has a procedure with the code “{asked}”, and no dossier is of it. Search by its"
        " name.",
    ),
    "problem.not_found.dossier.heading": ("Không có hồ sơ này", "There is no such dossier"),
    "problem.not_found.dossier": (
        "Sổ số liệu không có hồ sơ nào mang mã “{asked}”. Hãy kiểm tra lại mã; hồ sơ vừa nộp có thể chưa"
        " được hệ thống nguồn gửi đến.",
        "The ledger has no dossier with the code “{asked}”. Check the code; one that was just submitted"
        " may not have been sent yet.",
    ),
    "problem.not_found.connection.heading": (
        "Không có hệ thống nguồn này",
        "There is no such source",
    ),
    "problem.not_found.connection": (
        "Không có hệ thống nguồn nào mang mã “{asked}” từng được đánh giá.",
        "No source called “{asked}” was ever judged.",
    ),
    "problem.not_found.objective.heading": (
        "Không có mục tiêu này",
        "There is no such objective",
    ),
    "problem.not_found.objective": (
        "Không có mục tiêu nào mang mã “{asked}” đang áp dụng.",
        "No objective called “{asked}” is in force.",
    ),
    "problem.not_found.set": (
        "Không có bộ chỉ số, chỉ số, hay danh mục cơ quan của kỳ này như địa chỉ nêu. Hãy chọn lại từ danh"
        " sách.",
        "There is no set, indicator, or list of agencies of that period as the address has it. Choose"
        " from the list.",
    ),
    "problem.not_found.scope": (
        "Không có cơ quan nào tên là, hay mang mã, “{asked}”. Hãy viết một phần của tên, hoặc mã như H56.",
        "No agency is called “{asked}”, nor has it that code. Write a part of its name, or a code as H56.",
    ),
    "problem.not_known": (
        "Không còn lưu những gì đã biết lúc đó",
        "What was known then is not kept",
    ),
    "problem.not_known.says": (
        "Thời điểm được chọn ở trước mốc chốt số liệu đầu tiên, hoặc chưa đến. Hãy chọn thời điểm khác.",
        "The time chosen is before the first cut that is kept, or has not come. Choose another.",
    ),
    "problem.wrong_method": (
        "Địa chỉ này không nhận thao tác đó",
        "This address does not take that",
    ),
    "problem.wrong_method.says": (
        "Hãy mở trang từ thanh điều hướng.",
        "Open the page from the navigation above.",
    ),
    "problem.not_acceptable": ("Không có định dạng này", "There is no such format"),
    "problem.not_acceptable.says": (
        "Trang này có dạng trang web và CSV; JSON thì lấy từ giao diện lập trình (/api/v1/docs).",
        "This page comes as a web page and as CSV; for JSON ask the API (/api/v1/docs).",
    ),
    "problem.too_long": ("Địa chỉ quá dài", "The address is too long"),
    "problem.too_long.says": (
        "Hãy mở lại trang từ thanh điều hướng.",
        "Open the page from the navigation above.",
    ),
    "problem.rate": ("Bạn hỏi nhanh quá mức cho phép", "You ask faster than your rate"),
    "problem.rate.says": (
        "Hãy đợi vài giây rồi thử lại.",
        "Wait for some seconds and try again.",
    ),
    "problem.fault": ("Hệ thống gặp lỗi", "A fault of ours"),
    "problem.fault.says": (
        "Lỗi này đã được ghi lại. Hãy thử lại; nếu vẫn lỗi, báo cho người quản trị kèm mã yêu cầu dưới đây.",
        "It was written down. Try again; if it stays, tell who administers this service the request’s"
        " name below.",
    ),
    "problem.busy": ("Hệ thống đang bận", "Too much is in hand"),
    "problem.busy.says": (
        "Nhiều người đang hỏi cùng lúc. Hãy thử lại sau vài giây.",
        "Many are asking at once. Try again in some seconds.",
    ),
    "problem.too_slow": ("Trang này mất quá nhiều thời gian", "This page takes too long"),
    "problem.too_slow.says": (
        "Số liệu chưa đọc xong trong thời gian cho phép. Lần thử sau thường nhanh hơn; cũng có thể chọn kỳ"
        " ngắn hơn, hoặc một cơ quan.",
        "The figures were not read within the time allowed. Another try is often quicker; or choose a"
        " shorter period, or a single agency.",
    ),
    "problem.less": ("Xem kỳ thường dùng, bớt chi tiết", "The usual period, with less detail"),
    "problem.ledger_away": ("Sổ số liệu không trả lời", "The ledger does not answer"),
    "problem.ledger_away.says": (
        "Không đọc được số liệu lúc này; không có số liệu nào bị mất. Hãy thử lại sau ít giây.",
        "Figures cannot be read just now; none is lost. Try again in a few seconds.",
    ),
    "problem.not_set_up": (
        "Hệ thống chưa được thiết lập đủ cho trang này",
        "The service is not set up for this page",
    ),
    "problem.not_set_up.says": (
        "Hãy báo cho người quản trị hệ thống kèm mã yêu cầu dưới đây.",
        "Tell who administers this service the request’s name below.",
    ),
}
