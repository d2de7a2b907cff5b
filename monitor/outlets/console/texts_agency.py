"""Texts of the pages of agencies and procedures, and of what both are made of: key, Vietnamese, English."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # A scope and its place.
    "fares.above": ("Thuộc", "Part of"),
    "fares.country": ("Cả nước", "The country"),
    "fares.on_page": ("Trên trang này", "On this page"),
    "fares.period": ("Kỳ", "Period"),
    "fares.before": ("Kỳ trước {period}", "Before: {period}"),
    "fares.after": ("Kỳ sau {period}", "After: {period}"),
    "fares.known": (
        "Số liệu {period}, theo bản chốt lúc {at} (#{cut}).",
        "Figures of {period}, by the cut sealed at {at} (#{cut}).",
    ),
    "fares.not_over": (
        "Kỳ chưa kết thúc: tính đến hết ngày {day}.",
        "The period is not over: as of the end of {day}.",
    ),
    "fares.no_cut": (
        "Chưa có bản chốt số liệu nào; số liệu sẽ hiện sau bản chốt đầu tiên.",
        "There is no cut yet; figures appear after the first.",
    ),
    "fares.now": ("hiện tại", "as of now"),
    "fares.now_only": (
        "Phần này luôn là hiện tại, không theo thời điểm đã chọn ở trên.",
        "This part is always of now, whatever time is chosen above.",
    ),
    "fares.from_all": (
        "Theo sự kiện đã ghi đến hiện tại, kể cả sau bản chốt.",
        "By events booked until now, also after the cut.",
    ),
    "merger.ended": (
        "Cơ quan này đã kết thúc hoạt động từ ngày {day}. Trang này là số liệu của riêng cơ quan cũ. Cơ"
        " quan kế thừa:",
        "This agency ended on {day}. This page is of the former agency alone. Its work went to:",
    ),
    "merger.of": (
        "Từ {day}, cơ quan này tiếp nhận nhiệm vụ của: {names}. Số liệu các kỳ trước đó cộng cả các cơ"
        " quan này, để so sánh được trước và sau.",
        "Since {day} this agency does the work of: {names}. Figures of earlier periods are summed with"
        " theirs, so that before and after can be compared.",
    ),
    "merger.mark": ("sắp xếp lại {day}", "reorganised {day}"),
    "now.own_page": (
        "Trang của cơ quan: hồ sơ đến hạn, quá hạn",
        "The agency's page: what falls due, what is overdue",
    ),
    # What is counted.
    "count.received": ("Tiếp nhận", "Received"),
    "count.received.is": (
        "Hồ sơ được tiếp nhận trong kỳ, theo cơ quan tiếp nhận và ngày tiếp nhận.",
        "Dossiers accepted in the period, by receiving agency and receipt date.",
    ),
    "count.completed": ("Đã giải quyết", "Completed"),
    "count.completed.is": (
        "Hồ sơ có kết quả giải quyết trong kỳ, theo cơ quan giải quyết và ngày kết thúc.",
        "Dossiers completed in the period, by settling agency and day of the end.",
    ),
    "count.returned": ("Trả lại", "Returned"),
    "count.returned.is": (
        "Hồ sơ đã tiếp nhận mà bị trả lại hoặc người nộp rút trong kỳ.",
        "Dossiers returned, or withdrawn after acceptance, in the period.",
    ),
    "count.open_end": ("Còn lại cuối kỳ", "Open at the end"),
    "count.open_end.is": (
        "Hồ sơ đang giải quyết và tạm dừng lúc 24 giờ ngày cuối kỳ (kỳ chưa hết: ngày chốt số liệu).",
        "Dossiers in process and paused at 24:00 of the period's last day (of the cut's day while it is"
        " not over).",
    ),
    "count.open": ("Đang giải quyết", "Open"),
    "count.open.is": (
        "Hồ sơ đang giải quyết hoặc tạm dừng, hiện tại.",
        "Dossiers in process or paused, as of now.",
    ),
    "count.late": ("Kết thúc quá hạn", "Ended late"),
    "count.late.is": (
        "Mẫu số trừ tử số của tỷ lệ đúng hạn: hồ sơ kết thúc trong kỳ mà quá hạn.",
        "Denominator less numerator of the share on time: dossiers that ended in the period, late.",
    ),
    "count.late_share": ("Phần quá hạn", "Part of the late"),
    "count.late_share.is": (
        "Bao nhiêu phần trăm số hồ sơ quá hạn của cả phạm vi là của thủ tục này.",
        "How much of all that ended late here is of this procedure.",
    ),
    "count.due.is": (
        "Hồ sơ đang giải quyết hoặc tạm dừng, theo hạn trả kết quả được gửi sau cùng, hiện tại.",
        "Open dossiers, paused ones included, by the last due date sent, as of now.",
    ),
    "share.on_time": ("Đúng hạn", "On time"),
    "share.headline": ("Toàn trình", "Full-process"),
    "agency.set.emc": ("Chỉ số EMC", "EMC indicators"),
    "agency.set.qd766": (
        "Bộ chỉ số Quyết định 766/QĐ-TTg",
        "Indicators of Decision 766/QĐ-TTg",
    ),
    # Trend.
    "trend.title": ("Diễn biến 12 tháng", "Twelve months"),
    "trend.counts": ("Hồ sơ mỗi tháng", "Dossiers a month"),
    "trend.shares": ("Tỷ lệ mỗi tháng, %", "Shares a month, %"),
    "trend.month": ("Tháng", "Month"),
    "trend.partial": (
        "Tháng cuối chưa hết.",
        "The last month is not over.",
    ),
    "trend.none": (
        "Chưa có hồ sơ nào trong 12 tháng này.",
        "There is no dossier in these 12 months.",
    ),
    # What falls due.
    "backlog.title": (
        "Hồ sơ đang giải quyết, theo hạn trả kết quả",
        "Open dossiers, by due day",
    ),
    "backlog.short": ("Hồ sơ đến hạn", "Falling due"),
    "backlog.chart": ("Theo ngày đến hạn", "By due day"),
    "backlog.day": ("Ngày đến hạn", "Due day"),
    "backlog.dossiers": ("Hồ sơ", "Dossiers"),
    "backlog.dossiers.is": (
        "Hồ sơ đang giải quyết hoặc tạm dừng có hạn trả kết quả hiện tại rơi vào ngày đó, theo hạn do hệ thống"
        " nguồn gửi sau cùng.",
        "Open dossiers, paused ones included, whose due date of now, as it was sent last, is on that day.",
    ),
    "backlog.earlier": ("trước {day}", "before {day}"),
    "backlog.later": ("sau {day}", "after {day}"),
    "backlog.without": ("không có hạn", "no due date"),
    "backlog.choose": (
        "Chọn một nhóm hoặc một ngày để xem từng hồ sơ. Mỗi lượt xem hồ sơ đều được ghi lại.",
        "Choose a group or a day to see the dossiers. Every look at dossiers is written down.",
    ),
    "backlog.on": ("Đến hạn ngày {day}", "Due on {day}"),
    "backlog.listed": (
        "{n} trong {all} hồ sơ, hạn sớm nhất trước. Bấm mã để xem vì sao.",
        "{n} of {all} dossiers, the earliest due first. Open one to see why.",
    ),
    "backlog.see": ("xem từng hồ sơ", "see the dossiers"),
    "backlog.close": ("Đóng danh sách", "Close the list"),
    "backlog.state": ("Tình trạng", "State"),
    "backlog.state.in_process": ("đang giải quyết", "in process"),
    "backlog.state.paused": ("tạm dừng", "paused"),
    "backlog.by": ("So với hạn", "Against the due date"),
    "backlog.late_by": ("quá {time}", "{time} late"),
    "backlog.left": ("còn {time}", "{time} left"),
    "backlog.today_late": ("quá hạn trong ngày", "late today"),
    "backlog.none": (
        "Không có hồ sơ nào đang giải quyết.",
        "No dossier is open.",
    ),
    # Times.
    "times.title": ("Thời gian giải quyết", "How long it takes"),
    "times.of": (
        "Giờ làm việc của hồ sơ và bước kết thúc trong {n} ngày làm việc gần nhất, từ {day}; một ngày"
        " làm việc là 8 giờ.",
        "Working time of what ended in the last {n} working days, from {day} on; a working day has 8"
        " hours.",
    ),
    "times.error": (
        "Sổ số liệu giữ thời gian theo 64 khoảng, nên mỗi trị số sai lệch nhiều nhất {percent} % về mỗi"
        " phía; dưới một phút thì nửa phút.",
        "The ledger keeps times in 64 bins, so that each is off by at most {percent} % either way;"
        " below a minute by half a minute.",
    ),
    "times.step": ("Bước", "Step"),
    "times.whole": ("Cả hồ sơ", "Whole dossier"),
    "times.passages": ("Số lượt", "Passages"),
    "times.p50": ("Trung vị", "Median"),
    "times.p90": ("P90", "P90"),
    "times.p99": ("P99", "P99"),
    "times.p50.is": (
        "Một nửa số lượt không lâu hơn.",
        "Half of the passages took no longer.",
    ),
    "times.p90.is": (
        "Chín phần mười số lượt không lâu hơn.",
        "Nine of ten passages took no longer.",
    ),
    "times.p99.is": (
        "99 trong 100 số lượt không lâu hơn; dưới 100 lượt thì đó là lượt lâu nhất.",
        "99 of 100 passages took no longer; of fewer than 100 it is the longest.",
    ),
    "times.means": ("Trung bình trong kỳ", "Means of the period"),
    "times.means.says": (
        "Thời gian thực tế (kể cả ngày nghỉ) chỉ có số trung bình: sổ số liệu giữ tổng, không giữ phân"
        " bố của nó.",
        "Of elapsed time, days off included, there is a mean alone: the ledger keeps its sum and not"
        " how it is spread.",
    ),
    "times.none": (
        "Chưa có bước nào kết thúc trong những ngày này, hoặc chưa nạp tệp tham chiếu về giờ làm việc.",
        "Nothing has ended in these days, or no reference files tell working hours.",
    ),
    "times.ask": (
        "Tính từ sổ số liệu (có thể mất vài giây)",
        "Work it out from the books (may take some seconds)",
    ),
    "times.kept": (
        "Phân bố thời gian được giữ sẵn cho bộ, ngành và tỉnh, thành phố; của riêng phạm vi này thì tính"
        " khi được hỏi.",
        "How times are spread is kept of ministries and provinces; of this scope it is worked out when"
        " asked for.",
    ),
    "unit.seconds": ("{n} giây", "{n} s"),
    "unit.minutes": ("phút", "min"),
    "unit.hours": ("giờ", "h"),
    "unit.working_days": ("ngày làm việc", "working days"),
    "step.receiving_desk": ("bộ phận tiếp nhận", "receiving desk"),
    "step.settling_unit": ("đơn vị giải quyết", "settling unit"),
    "step.consulted_body": ("cơ quan được lấy ý kiến", "consulted body"),
    "step.citizen": ("người nộp hồ sơ", "citizen"),
    "step.cashier": ("thu phí, lệ phí", "cashier"),
    "step.nobody": ("chưa rõ", "nobody"),
    "step.other": ("các bước khác", "other steps"),
    # Shares.
    "mix.channels": ("Kênh nộp", "Channels"),
    "mix.levels": ("Mức độ dịch vụ công", "Service levels"),
    "mix.share": ("Tỷ trọng", "Share"),
    "mix.share.is": (
        "Phần trong số hồ sơ tiếp nhận trong kỳ.",
        "Of the dossiers received in the period.",
    ),
    "mix.channel.0": ("không ghi", "unsaid"),
    "mix.channel.1": ("trực tiếp", "at the desk"),
    "mix.channel.2": ("trực tuyến", "online"),
    "mix.channel.3": ("bưu chính", "by post"),
    "mix.level.0": ("không ghi", "unsaid"),
    "mix.level.2": ("cung cấp thông tin", "information only"),
    "mix.level.3": ("một phần", "partial"),
    "mix.level.4": ("toàn trình", "full-process"),
    # Procedures and units.
    "procedures.title": (
        "Thủ tục hành chính có nhiều ảnh hưởng nhất",
        "Procedures that weigh most",
    ),
    "procedures.short": ("Thủ tục", "Procedures"),
    "procedures.says": (
        "{n} trong {all} thủ tục có phát sinh hồ sơ trong kỳ.",
        "{n} of {all} procedures with dossiers in the period.",
    ),
    "procedures.all": ("Xem tất cả", "Show all"),
    "procedures.none": ("Không có thủ tục nào phát sinh hồ sơ.", "No procedure had a dossier."),
    "units.title": ("Đơn vị trực thuộc", "Units below"),
    "units.where": ("Cơ quan", "Agency"),
    "units.filter": ("Lọc theo tên hoặc mã", "Filter by name or code"),
    "units.found": ("{n} trong {all} đơn vị.", "{n} of {all} units."),
    "units.own": ("Riêng cơ quan này", "Itself alone"),
    "units.by_code": (
        "{n} đơn vị được gọi bằng mã vì danh mục cơ quan chưa có tên.",
        "{n} units are called by their codes: the lists of agencies have no names of them.",
    ),
    "units.none": (
        "Không có đơn vị trực thuộc nào trong danh mục.",
        "No unit below it is listed.",
    ),
    "units.compare": ("So sánh các cơ quan", "Compare agencies"),
    # Objectives, sources, quality.
    "goals.title": ("Mục tiêu và hạn mức sai sót", "Objectives and error budgets"),
    "goals.all": ("Tất cả mục tiêu", "All objectives"),
    "goals.below": (
        "Có {n} mục tiêu nữa của đơn vị trực thuộc.",
        "There are {n} more of units below.",
    ),
    "goals.none": (
        "Chưa có mục tiêu nào được đánh giá cho cơ quan này.",
        "No objective has been judged for this agency.",
    ),
    "goals.not_procedure": (
        "Mục tiêu được đặt cho cơ quan, kênh nộp và nhóm thủ tục, không cho từng thủ tục.",
        "Objectives are set for agencies, channels and groups of procedures, not for a single one.",
    ),
    "sources.title": ("Hệ thống nguồn", "Sources"),
    "sources.source": ("Nguồn", "Source"),
    "sources.last": ("Nhận gần nhất", "Heard last"),
    "sources.delay": ("Độ trễ P95", "Delay P95"),
    "sources.delay.is": (
        "Từ lúc sự kiện xảy ra đến lúc nhận được: 95 trong 100 sự kiện không lâu hơn.",
        "From when an event happened to its arrival: 95 of 100 took no longer.",
    ),
    "sources.none": (
        "Danh bạ không có hệ thống nguồn nào của cơ quan này.",
        "The register has no source of this agency.",
    ),
    "sources.above": (
        "Cơ quan này không có nguồn riêng; hồ sơ do nguồn của {name} gửi.",
        "This agency has no source of its own; its dossiers come from those of {name}.",
    ),
    "quality.title": ("Chất lượng dữ liệu", "Data quality"),
    "quality.complete": ("Đầy đủ", "Complete"),
    "quality.complete.is": (
        "Số sự kiện nhận được, trên số các nguồn tự khai của ngày đối soát gần nhất.",
        "Events that came, of those that sources claim of the last day they were compared for.",
    ),
    "quality.agree": ("Khớp khi đối soát", "Agreeing"),
    "quality.agree.is": (
        "Sự kiện không lệch, trên số các nguồn tự khai của ngày đối soát gần nhất, theo loại và trạng"
        " thái.",
        "Events without a difference, of those claimed of the last day compared, by kind and state.",
    ),
    "quality.valid": ("Bị từ chối", "Refused"),
    "quality.valid.is": (
        "Bản ghi của các nguồn này đang bị giữ lại vì không hợp lệ, hiện tại.",
        "Records of these sources that are held because they are no events, as of now.",
    ),
    "quality.timely": ("Độ trễ P95 lớn nhất", "Largest delay, P95"),
    "quality.connected": ("Thời gian kết nối", "Connected"),
    "quality.warned": ("Cảnh báo dữ liệu", "Warnings"),
    "quality.warned.is": (
        "Điều bất thường trong sự kiện, từ khi hệ thống vận hành, của bộ, ngành hoặc tỉnh, thành phố.",
        "What is odd in what was sent, since the beginning, of the ministry or province.",
    ),
    "quality.warned.of": (
        "Cảnh báo được đếm cho bộ, ngành và tỉnh, thành phố: xem {name}.",
        "Warnings are counted of ministries and provinces: see {name}.",
    ),
    "quality.warned.none": ("Không có cảnh báo nào.", "Nothing was odd."),
    "quality.warning": ("Cảnh báo", "Warning"),
    "quality.times": ("Số lần", "Times"),
    # A procedure.
    "procedure.title": ("Thủ tục hành chính", "Procedure"),
    "procedure.catalogue": ("Trong danh mục", "In the catalogue"),
    "procedure.not_listed": (
        "Thủ tục này không có trong danh mục đang dùng; hồ sơ của nó vẫn được đếm.",
        "This procedure is not in the catalogue in force; its dossiers are counted all the same.",
    ),
    "procedure.ended": (
        "Thủ tục đã bị bãi bỏ từ ngày {day}.",
        "The procedure was repealed as of {day}.",
    ),
    "procedure.level": ("Mức độ", "Level"),
    "procedure.limit": ("Thời hạn giải quyết", "Limit"),
    "procedure.limit.channel": ("{limit} ({channel})", "{limit} ({channel})"),
    "procedure.limit.none": ("không có thời hạn", "none"),
    "procedure.limit.hours": ("{n} giờ làm việc", "{n} working hours"),
    "procedure.limit.working_days": ("{n} ngày làm việc", "{n} working days"),
    "procedure.limit.calendar_days": ("{n} ngày", "{n} calendar days"),
    "procedure.eligible": ("Đủ điều kiện toàn trình", "Eligible for full-process"),
    "procedure.fee": ("Có phí, lệ phí", "Has a fee"),
    "procedure.document": ("Kết quả là giấy tờ", "Results in a document"),
    "procedure.bundled": ("Liên thông", "Bundled"),
    "procedure.tags": ("Danh mục thiết yếu", "Essential services"),
    "procedure.tag.essential-25": (
        "25 dịch vụ thiết yếu (Đề án 06)",
        "25 essential (Project 06)",
    ),
    "procedure.tag.essential-53": (
        "53 dịch vụ thiết yếu (QĐ 06 và 422/QĐ-TTg)",
        "53 essential (Decisions 06 and 422/QĐ-TTg)",
    ),
    "procedure.tag.priority-30": (
        "30 thủ tục ưu tiên (TB 344/TB-VPCP)",
        "30 priority (Notice 344/TB-VPCP)",
    ),
    "procedure.by": ("Cơ quan thực hiện", "Handled by"),
    "procedure.ministry": ("Lĩnh vực của", "Sector of"),
    "procedure.valid": ("Hiệu lực", "Valid"),
    "procedure.valid.from": ("từ {day}", "from {day}"),
    "procedure.valid.until": ("từ {day} đến trước {end}", "from {day}, before {end}"),
    "procedure.source": ("Căn cứ", "Source"),
    "procedure.yes": ("có", "yes"),
    "procedure.no": ("không", "no"),
    "procedure.within": ("tại {name}", "at {name}"),
    "procedure.everywhere": ("Xem cả nước", "Show the country"),
    "procedure.ranking": ("Theo cơ quan", "By agency"),
    "procedure.kind.ministry": ("bộ", "ministries"),
    "procedure.kind.body": ("cơ quan ngang bộ", "ministerial bodies"),
    "procedure.kind.province": ("cấp tỉnh", "provinces"),
    "procedure.kind.department": ("sở, ban, ngành", "departments"),
    "procedure.kind.division": ("cục, vụ", "divisions"),
    "procedure.kind.district": ("cấp huyện", "districts"),
    "procedure.kind.commune": ("cấp xã", "communes"),
    "procedure.kind.centre": ("trung tâm", "centres"),
    # Warnings, as docs/reference/measures.md names them.
    "warning.illegal_transition": ("chuyển trạng thái sai trình tự", "a state out of turn"),
    "warning.shut_out": ("trạng thái sau khi đã kết thúc", "a state after the end"),
    "warning.future_time": ("thời điểm ở tương lai", "a time in the future"),
    "warning.receipt_in_future": ("ngày tiếp nhận ở tương lai", "a receipt date in the future"),
    "warning.end_before_receipt": ("kết thúc trước khi tiếp nhận", "an end before the receipt"),
    "warning.due_after_end": ("đặt hạn sau khi kết thúc", "a due date made after the end"),
    "warning.end_equals_due": ("kết thúc trùng khít hạn trả", "an end equal to the due date"),
    "warning.backdated_end": ("kết thúc lùi ngày", "a backdated end"),
    "warning.information_only_online": (
        "nộp trực tuyến dù chỉ cung cấp thông tin",
        "online, though information only",
    ),
    "warning.no_receipt_date": ("thiếu ngày tiếp nhận", "no receipt date"),
    "warning.level_differs": ("mức độ khác danh mục", "a level other than the catalogue's"),
    "warning.due_differs": (
        "hạn trả khác thời hạn quy định",
        "a due date other than the limit's",
    ),
    "warning.unknown_procedure": ("thủ tục không có trong danh mục", "an unknown procedure"),
    "warning.contradiction": ("nguồn không có thẩm quyền", "a source without authority"),
    "warning.rescheduled_again": ("hẹn lại nhiều lần", "rescheduled again"),
    "warning.rescheduled_late": ("hẹn lại khi đã đến hạn", "rescheduled late"),
    "warning.no_apology": ("hẹn lại không có thư xin lỗi", "rescheduled without an apology"),
    "warning.void_without_target": ("hủy sự kiện chưa gửi", "a void without a target"),
    "warning.second_supplement": ("yêu cầu bổ sung lần hai", "a second supplement"),
    "warning.end_without_processed": (
        "trả kết quả mà chưa xử lý xong",
        "handed over, never processed",
    ),
    "warning.identity_missing": ("thiếu số định danh", "no identification"),
    "warning.beyond_calendar": ("ngoài lịch làm việc đã biết", "beyond the calendar"),
    "warning.unknown_agency": ("cơ quan không có trong danh mục", "an unknown agency"),
    "warning.no_event_id": ("sự kiện không có mã", "an event without an id"),
    "warning.sent_again": ("gửi lại với mã khác", "sent again"),
    "warning.no_time": ("sự kiện không có thời điểm", "an event without a time"),
    "warning.raw_identity": ("lộ số định danh", "an identity in clear"),
    "warning.placeholder_identity": ("số định danh giả", "a placeholder for an identity"),
    "warning.postal_as_online": ("bưu chính ghi là trực tuyến", "post given as online"),
    "warning.payment_without_time": (
        "thanh toán không có thời điểm",
        "a payment without a time",
    ),
    "warning.beginning_lost": ("thiếu phần đầu của hồ sơ", "the beginning is lost"),
}
