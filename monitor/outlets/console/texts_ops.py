"""Texts of the console's pages for connections, objectives, quarantine and ledger: key, Vietnamese, English."""

from collections.abc import Mapping
from typing import Final

_SPELLS: Final[Mapping[str, tuple[str, str]]] = {
    "spells.state": ("Tình trạng", "State"),
    "spells.since": ("Từ", "Since"),
    "spells.until": ("Đến", "Until"),
    "spells.lasted": ("Kéo dài", "Lasted"),
}
_CONNECTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "connections.title": ("Kết nối", "Connections"),
    "connections.judged": ("Đánh giá lúc", "Judged at"),
    "connections.judged_at": ("đánh giá lúc {at}", "judged at {at}"),
    "connections.classes": ("Các mức kết nối", "Classes"),
    "connections.classes.says": (
        "Mỗi hệ thống nguồn ở mức đầu tiên đúng trong bảng. Tên gọi theo Công văn 5901/BTTTT-CĐSQG"
        " (24/11/2023); công văn không nêu ngưỡng, các ngưỡng là giả định của hệ thống này"
        " (connections.toml).",
        "A source stands in the first class that holds. Names follow letter 5901/BTTTT-CĐSQG"
        " (24/11/2023), which gives no thresholds: those are assumptions of ours (connections.toml).",
    ),
    "class.not_connected.is": (
        "Chưa có sự kiện nào được chấp nhận từ ngày vận hành, hoặc 30 ngày qua không có.",
        "No accepted event since go-live, or none for 30 days.",
    ),
    "class.undetermined.is": (
        "Dưới 3 sự kiện mỗi ngày làm việc và không có nhịp báo: quá ít để đánh giá.",
        "Under three events a working day and no heartbeat: too few to judge.",
    ),
    "class.interrupted.is": (
        "Không có sự kiện và nhịp báo nào, lâu hơn mức im lặng giải thích được bằng nhịp thường ngày của"
        " chính hệ thống đó.",
        "No event and no heartbeat, for longer than its own rhythm explains.",
    ),
    "class.partial.is": (
        "Thiếu một loại sự kiện, đơn vị hoặc thủ tục lẽ ra phải có, quá khoảng thời gian thường lệ.",
        "An expected kind, unit or procedure is absent beyond its own interval.",
    ),
    "class.mismatch.is": (
        "Số nguồn báo cáo và số đếm được của ngày làm việc đã khoá gần nhất lệch quá 1 %.",
        "Claim and count of the last closed working day differ by more than 1 %.",
    ),
    "class.unreconciled.is": (
        "Chưa có báo cáo đối soát đầy đủ cho ngày làm việc đã khoá gần nhất.",
        "No whole claim for the last closed working day.",
    ),
    "class.connected.is": (
        "Vẫn gửi đều, không có dấu hiệu nào của các mức khác.",
        "It sends as it should, and shows no sign of another class.",
    ),
    "connections.class": ("Mức kết nối", "Class"),
    "connections.sources": ("Hệ thống nguồn", "Sources"),
    "connections.many": ("Số hệ thống nguồn ở mức này", "Sources in this class"),
    "connections.many.is": (
        "Các hệ thống nguồn trong phạm vi của bạn ở mức này khi được đánh giá lần gần nhất.",
        "Sources within your scope that stood in this class when last judged.",
    ),
    "connections.source": ("Hệ thống nguồn", "Source"),
    "connections.all": ("xem tất cả", "show all"),
    "connections.owner": ("Cơ quan chủ quản", "Owner"),
    "connections.since": ("Từ", "Since"),
    "connections.until": ("Đến", "Until"),
    "connections.trial": ("(chạy thử)", "(on trial)"),
    "connections.never": ("chưa từng", "never"),
    "connections.ago": ("{span} trước", "{span} ago"),
    "connections.at": ("Lúc", "At"),
    "connections.last": ("Sự kiện cuối", "Last event"),
    "connections.last.is": (
        "Bao lâu rồi từ sự kiện mới gần nhất nhận được; không kể bản gửi lại, dữ liệu lịch sử và bản ghi bị"
        " từ chối.",
        "How long since the last event that was news when it arrived; repeats, history and refused"
        " records are none.",
    ),
    "connections.silence": ("Im lặng giải thích được", "Expected silence"),
    "connections.silence.is": (
        "Khoảng im lặng dài nhất chưa bị coi là gián đoạn vào lúc này, theo nhịp 28 ngày qua của chính hệ"
        " thống.",
        "The longest silence that is no interruption at this time, by its own rhythm of the last 28 days.",
    ),
    "connections.beat": ("Nhịp báo cuối", "Last heartbeat"),
    "connections.beat.is": (
        "Bao lâu rồi từ nhịp báo (heartbeat) gần nhất. Trống: chưa có nhịp báo nào.",
        "How long since the last heartbeat. Empty: there was none.",
    ),
    "connections.uptime": ("Kết nối tháng này", "Uptime this month"),
    "connections.uptime.is": (
        "Thời gian làm việc của tháng này mà hệ thống có kết nối, trên tổng thời gian làm việc đã qua, trừ"
        " bảo trì đã thông báo. Cắt, không làm tròn.",
        "Working time of this month in which it was connected, of all working time so far less announced"
        " maintenance. Cut, not rounded.",
    ),
    "connections.p50": ("Độ trễ trung vị", "Median delay"),
    "connections.p50.is": (
        "Từ thời điểm sự kiện xảy ra (nguồn khai) đến khi nhận được, trung vị trong một ngày qua.",
        "From the claimed time of an event to its arrival: the median over the last day.",
    ),
    "connections.p95": ("Độ trễ p95", "Delay p95"),
    "connections.p95.is": (
        "Từ thời điểm sự kiện xảy ra (nguồn khai) đến khi nhận được: 95 % số sự kiện trong một ngày qua"
        " không trễ hơn.",
        "From the claimed time of an event to its arrival: 95 % of the last day's events were no later.",
    ),
    "connections.claimed_day": ("Ngày đối soát", "Claimed day"),
    "connections.claimed": ("Nguồn báo cáo", "Claimed"),
    "connections.claimed.is": (
        "Số sự kiện mà chính nguồn báo đã gửi cho ngày đó (báo cáo đối soát đầy đủ gần nhất), cộng số hồ sơ"
        " trong danh sách nếu có.",
        "Events that the source itself says it sent for that day, by its latest whole claim, and the dossiers"
        " of its list where there is one.",
    ),
    "connections.counted": ("Đếm được", "Counted"),
    "connections.counted.is": (
        "Số sự kiện của ngày đó mà hệ thống này đã nhận và đếm, chỉ tính các loại và trạng thái nguồn có báo"
        " cáo.",
        "Events of that day that came here and were counted, of the kinds and states that are claimed.",
    ),
    "connections.missing": ("Còn thiếu", "Missing"),
    "connections.missing.is": (
        "Báo cáo nhiều hơn đếm được bao nhiêu, tính chung cả ngày; 0 khi đếm được bằng hoặc nhiều hơn.",
        "How much more was claimed than came, over the whole day; 0 where as much came, or more.",
    ),
    "connections.differing": ("Chênh lệch", "Differing"),
    "connections.differing.is": (
        "Tổng chênh lệch của từng loại và trạng thái, cả thừa lẫn thiếu; quá 1 % là lệch số liệu.",
        "The differences of each kind and state added up, either way; beyond 1 % the source is a mismatch.",
    ),
    "connections.missing.says": (
        "Còn thiếu: báo cáo nhiều hơn đếm được, tính chung cả ngày. Chênh lệch: cộng từng loại và trạng thái,"
        " cả thừa lẫn thiếu.",
        "Missing: how much more was claimed than came, over the whole day. Differing: summed over kinds"
        " and states, either way.",
    ),
    "connections.no_claim": (
        "Chưa nhận được báo cáo đối soát đầy đủ nào.",
        "No whole claim has come.",
    ),
    "connections.not_claiming": (
        "Nguồn này không đăng ký báo cáo đối soát.",
        "This source is not registered as claiming.",
    ),
    "connections.stands": ("từ {at} ({span}).", "since {at} ({span})."),
    "connections.last_connected": (
        "Lần cuối kết nối bình thường: đến {at} ({span} trước).",
        "Last connected until {at} ({span} ago).",
    ),
    "connections.back": ("Nhìn lại", "Look back"),
    "connections.timeline": (
        "Tình trạng kết nối trong {n} ngày qua",
        "How it stood in the last {n} days",
    ),
    "connections.no_spells": (
        "Chưa có đánh giá nào trong thời gian này.",
        "It was not judged in this time.",
    ),
    "connections.reconciliation": ("Đối soát theo ngày", "Reconciliation by day"),
    "connections.by_kind": ("Ngày {day}, theo loại sự kiện", "{day} by kind of event"),
    "connections.kind": ("Loại và trạng thái", "Kind and state"),
    "connections.list": ("danh sách hồ sơ", "list of dossiers"),
    "connections.difference": ("Đếm được trừ báo cáo", "Counted less claimed"),
    "connections.difference.is": (
        "Âm: nguồn báo cáo nhiều hơn số đã đến. Dương: đã đến nhiều hơn số báo cáo.",
        "Negative: more was claimed than came. Positive: more came than was claimed.",
    ),
    "connections.lists": (
        "Trong danh sách hồ sơ: {missing} hồ sơ báo cáo mà chưa nhận được, {surplus} hồ sơ nhận được mà"
        " không có trong danh sách.",
        "Of the list of dossiers: {missing} claimed and not here, {surplus} here and not on the list.",
    ),
    "connections.codes": ("Mã hồ sơ xem bằng lệnh:", "For the codes:"),
    "connections.nothing_that_day": (
        "Ngày này không có báo cáo và không đếm được sự kiện nào.",
        "Nothing was claimed for this day, and nothing counted.",
    ),
    "connections.maintenance": ("Bảo trì đã thông báo", "Announced maintenance"),
    "connections.no_windows": (
        "Không có đợt bảo trì nào được thông báo.",
        "No maintenance is announced.",
    ),
    "connections.window": ("Đợt", "Window"),
    "connections.from": ("Từ", "From"),
    "connections.announced": ("Thông báo lúc", "Announced"),
    "connections.reason": ("Lý do", "Reason"),
    "connections.force_majeure": ("bất khả kháng", "force majeure"),
    "connections.cancelled": ("đã huỷ", "called off"),
    "connections.under_way": ("đang diễn ra", "under way"),
    "connections.facts": ("Ghi nhận thêm", "Also noted"),
    "connections.no_facts": ("Không có gì bất thường khác.", "Nothing else is odd."),
    "connections.register": ("Đăng ký", "Register"),
    "connections.unregistered": (
        "Hệ thống này không còn trong danh bạ nguồn.",
        "This source is not in the register.",
    ),
    "connections.kind_of": ("Loại", "Kind"),
    "connections.go_live": ("Ngày vận hành", "Go-live"),
    "connections.claims": ("Báo cáo đối soát", "Claims daily"),
    "connections.heartbeat": ("Nhịp báo", "Heartbeat"),
    "connections.every_seconds": ("mỗi {n} giây", "every {n} s"),
    "connections.yes": ("có", "yes"),
    "connections.no": ("không", "no"),
    "source.kind.system": ("hệ thống giải quyết thủ tục", "procedure-handling system"),
    "source.kind.portal": ("cổng", "portal"),
    "source.status.trial": ("chạy thử", "on trial"),
    "source.status.live": ("vận hành chính thức", "live"),
    "source.status.revoked": ("đã thu hồi", "revoked"),
    "fact.repeats": ("gửi lặp", "repeats"),
    "fact.repeats.is": (
        "Phần lớn nội dung gửi đến đã được gửi trước đó.",
        "Much of what it sends was sent before.",
    ),
    "fact.clock": ("đồng hồ lệch", "clock is off"),
    "fact.clock.is": (
        "Thời điểm khai và thời điểm nhận lệch nhau một khoảng cố định.",
        "Claimed time and arrival lie apart by the same time.",
    ),
    "fact.outside_mandate": ("ngoài thẩm quyền", "outside its mandate"),
    "fact.outside_mandate.is": (
        "Gửi dữ liệu của cơ quan mà nó không được thay mặt; dữ liệu đó bị từ chối.",
        "It speaks for agencies that it may not speak for; that is refused.",
    ),
    "fact.burst": ("gửi dồn", "burst"),
    "fact.burst.is": (
        "Sau gián đoạn, đang gửi những gì đã dồn lại.",
        "After an outage it sends what had piled up.",
    ),
    "fact.alive_but_silent": ("còn nhịp báo, không có sự kiện", "alive but silent"),
    "fact.alive_but_silent.is": (
        "Vẫn có nhịp báo, nhưng không có sự kiện lẽ ra phải đến.",
        "Heartbeats come, and events that are due do not.",
    ),
    "fact.waiting": ("có sự kiện đang chờ", "events wait"),
    "fact.waiting.is": (
        "Nguồn báo có sự kiện đang chờ mà chưa gửi được.",
        "It says that events wait which it cannot send.",
    ),
    "fact.maintenance": ("đang bảo trì", "in maintenance"),
    "fact.maintenance.is": (
        "Tạm ngừng như đã thông báo; không phát cảnh báo.",
        "It is away as announced; pages about it are muted.",
    ),
    "fact.short_notice": ("thông báo gấp", "short notice"),
    "fact.short_notice.is": (
        "Thông báo bảo trì muộn hơn luật yêu cầu: không phát cảnh báo nhưng vẫn tính thời gian gián đoạn.",
        "Away with less notice than the law asks: muted, still burning.",
    ),
    "fact.absent": ("thiếu", "absent"),
    "fact.absent.is": (
        "Lẽ ra phải có mà chưa thấy đến.",
        "It should come, and does not.",
    ),
    "maintenance.upgrade": ("nâng cấp", "upgrade"),
    "maintenance.repair": ("sửa chữa", "repair"),
    "maintenance.move": ("di chuyển hệ thống", "move"),
    "maintenance.merger": ("hợp nhất", "merger"),
    "maintenance.network": ("đường truyền", "network"),
    "maintenance.power": ("nguồn điện", "power"),
    "maintenance.security": ("an toàn thông tin", "security"),
    "maintenance.disaster": ("thiên tai, sự cố", "disaster"),
    "maintenance.other": ("lý do khác", "other"),
}

_OBJECTIVES: Final[Mapping[str, tuple[str, str]]] = {
    "objectives.title": ("Mục tiêu", "Objectives"),
    "objectives.states": ("Tình trạng các mục tiêu", "States of objectives"),
    "objectives.in_force": ("Mục tiêu đang áp dụng", "Objectives in force"),
    "objectives.none": (
        "Chưa có mục tiêu nào được đánh giá cho phạm vi của bạn; máy trạm (emc worker) đánh giá mỗi phút khi"
        " có tệp tham chiếu.",
        "No objective of yours has been judged yet; a worker judges once a minute where it has reference"
        " files.",
    ),
    "objective.spent": ("không đạt", "spent"),
    "objective.spent.is": ("dưới mức mục tiêu", "below its target"),
    "objective.burning": ("có nguy cơ", "burning"),
    "objective.burning.is": (
        "giữ tốc độ này sẽ không đạt",
        "at this pace the budget will not do",
    ),
    "objective.no_data": ("chưa có dữ liệu", "no data"),
    "objective.no_data.is": (
        "không nguồn nào đang kết nối",
        "nobody is connected that would tell",
    ),
    "objective.too_few": ("quá ít", "too few"),
    "objective.too_few.is": ("chưa đủ số để kết luận", "under the minimum, nothing is said"),
    "objective.idle": ("không phát sinh", "idle"),
    "objective.idle.is": ("không có gì để đánh giá", "nothing to judge"),
    "objective.good": ("đạt", "good"),
    "objective.good.is": ("đang đạt mục tiêu", "its target is met"),
    "objectives.objective": ("Mục tiêu", "Objective"),
    "objectives.scope": ("Phạm vi", "Scope"),
    "objectives.country": ("Cả nước", "Country"),
    "objectives.channel.direct": ("trực tiếp", "in person"),
    "objectives.channel.online": ("trực tuyến", "online"),
    "objectives.channel.postal": ("bưu chính công ích", "by post"),
    "objectives.target": ("Mức mục tiêu", "Target"),
    "objectives.target.is": (
        "Tỷ lệ tốt ít nhất mà tệp mục tiêu đang áp dụng yêu cầu.",
        "The least share of good ones that the objective's file in force asks for.",
    ),
    "objectives.ratio": ("Tỷ lệ", "Ratio"),
    "objectives.ratio.is": (
        "Số tốt trên tổng số tốt và không tốt trong kỳ tính đến nay; hồ sơ quá hạn chưa xong là không tốt từ"
        " ngày sau hạn. Cắt, không làm tròn.",
        "Good of good and bad in the window so far; what is open and overdue is bad from the day after it"
        " fell due. Cut, not rounded.",
    ),
    "objectives.parts": ("Tốt / tổng số", "Good / all"),
    "objectives.window_from": ("Kỳ bắt đầu", "Window from"),
    "objectives.budget": ("Hạn mức sai còn lại", "Budget left"),
    "objectives.budget.is": (
        "Phần còn lại của số trường hợp không tốt mà mục tiêu cho phép: 100 là chưa dùng, 0 là hết, âm là"
        " vượt.",
        "What is left of the bad ones that the target allows: 100 is untouched, 0 spent, negative"
        " overspent.",
    ),
    "objectives.budget.rule": (
        "1 − số không tốt / (tổng số × (1 − mức mục tiêu))",
        "1 − bad / (all × (1 − target))",
    ),
    "objectives.burn": ("Tốc độ dùng", "Burn rate"),
    "objectives.burn_over": ("Tốc độ dùng, {span}", "Burn rate, {span}"),
    "objectives.burn.is": (
        "Số không tốt phát sinh nhanh gấp mấy lần mức cho phép, trong khoảng thời gian làm việc vừa qua; một ngày"
        " làm việc là 8 giờ. 1 là vừa hết hạn mức.",
        "How many times as fast as the budget bears events turn bad, over the last working time; a day has"
        " 8 hours. 1 spends just the budget.",
    ),
    "objectives.indicator": ("Chỉ số", "Indicator"),
    "objectives.of.on_time_766": (
        "Giải quyết đúng hạn theo Quyết định 766/QĐ-TTg",
        "Settled on time by Decision 766/QĐ-TTg",
    ),
    "objectives.of.on_time_06b": (
        "Giải quyết đúng hạn theo biểu II.06b",
        "Settled on time by form II.06b",
    ),
    "objectives.of.on_time_first_due": (
        "Giải quyết đúng ngày hẹn trả đầu tiên",
        "Settled by the first due date",
    ),
    "objectives.of.on_time": (
        "Giải quyết đúng hạn được gửi sau cùng",
        "Settled by the due date that was sent last",
    ),
    "objectives.of.acceptance_in_time": (
        "Hồ sơ trực tuyến được tiếp nhận kịp thời",
        "Online dossiers accepted in time",
    ),
    "objectives.of.forward_in_time": (
        "Hồ sơ được chuyển xử lý kịp thời",
        "Dossiers forwarded in time",
    ),
    "objectives.of.supplement_request_in_time": (
        "Yêu cầu bổ sung hồ sơ kịp thời",
        "Supplements asked for in time",
    ),
    "objectives.of.sync_in_time": (
        "Đồng bộ sang hệ thống khác kịp thời",
        "Synchronised in time",
    ),
    "objectives.of.answer_in_time": (
        "Hệ thống khác trả lời kịp thời",
        "Answered by another system in time",
    ),
    "objectives.of.full_process_dossier_share": (
        "Tỷ lệ hồ sơ trực tuyến toàn trình",
        "Share of full-process dossiers",
    ),
    "objectives.of.online_share": ("Tỷ lệ hồ sơ nộp trực tuyến", "Share submitted online"),
    "objectives.of.full_process_service_share_eligible": (
        "Tỷ lệ dịch vụ công trực tuyến toàn trình trên số thủ tục đủ điều kiện",
        "Full-process services of eligible procedures",
    ),
    "objectives.of.portal_availability": ("Độ sẵn sàng của cổng", "Availability of the portal"),
    "objectives.of.portal_latency": (
        "Thời gian đáp ứng của cổng",
        "Response time of the portal",
    ),
    "objectives.of.interface_availability": (
        "Độ sẵn sàng của giao diện kết nối",
        "Availability of interfaces",
    ),
    "objectives.of.interface_latency": (
        "Thời gian đáp ứng của giao diện kết nối",
        "Response time of interfaces",
    ),
    "objectives.window": ("Kỳ", "Window"),
    "objectives.window.month": ("tháng", "a month"),
    "objectives.window.quarter": ("quý", "a quarter"),
    "objectives.window.working_days": ("{n} ngày làm việc", "{n} working days"),
    "objectives.window.days": ("{n} ngày", "{n} days"),
    "objectives.span.m": ("{n} phút làm việc", "{n} min"),
    "objectives.span.h": ("{n} giờ làm việc", "{n} h"),
    "objectives.span.d": ("{n} ngày làm việc", "{n} d"),
    "objectives.alert": (
        "dùng quá nhanh trong {long} và {short} qua",
        "too fast over the last {long} and {short} of working time",
    ),
    "objectives.services_many": ("Số nhóm dịch vụ", "Services"),
    "objectives.services_many.is": (
        "Số nhóm thủ tục, tính riêng từng bộ, tỉnh bạn được xem, ở tình trạng này khi được đánh giá lần gần nhất.",
        "Groups of procedures, each ministry or province that you may see by itself, that were in this state when"
        " last judged.",
    ),
    "objectives.filter": (
        "Mục tiêu, nhóm dịch vụ hoặc cơ quan",
        "Objective, service or agency",
    ),
    "objectives.any_state": ("tất cả", "any"),
    "objectives.listed": ("{n} trong {all}.", "{n} of {all}."),
    "objectives.more": ("Xem tất cả", "Show all"),
    "objectives.fewer": (
        "Chỉ xem những mục cần chú ý trước",
        "Only those that need help first",
    ),
    "objectives.minimum": ("Số tối thiểu để kết luận", "Minimum to judge"),
    "objectives.minimum.is": (
        "Dưới số trường hợp này trong kỳ thì không kết luận đạt hay không.",
        "With fewer in the window nothing is said of the objective.",
    ),
    "objectives.many": ("Số mục tiêu ở tình trạng này", "Objectives in this state"),
    "objectives.many.is": (
        "Số mục tiêu, tính riêng từng phạm vi bạn được xem, ở tình trạng này khi được đánh giá lần gần nhất.",
        "Objectives, each scope that you may see by itself, that were in this state when last judged.",
    ),
    "objectives.owner": ("Đơn vị chịu trách nhiệm", "Owner"),
    "objectives.scopes": ("Theo phạm vi", "By scope"),
    "objectives.good": ("Tốt", "Good"),
    "objectives.good.is": (
        "Số trường hợp đạt yêu cầu của chỉ số trong kỳ tính đến nay.",
        "What met the indicator in the window so far.",
    ),
    "objectives.bad": ("Không tốt", "Bad"),
    "objectives.bad.is": (
        "Số trường hợp không đạt trong kỳ tính đến nay; hồ sơ quá hạn chưa xong là không tốt từ ngày sau hạn.",
        "What did not in the window so far; what is open and overdue is bad from the day after it fell due.",
    ),
    "objectives.history": ("Diễn biến", "History"),
    "objectives.timeline": ("{where}: {n} ngày qua", "{where}: the last {n} days"),
    "objectives.versions": ("Các phiên bản của tệp", "Versions of its file"),
    "objectives.withdrawn": ("đã bỏ", "withdrawn"),
    "objectives.services": ("Nhóm dịch vụ", "Services"),
    "objectives.services.says": (
        "Suy giảm khi số tồn đọng tăng và thời gian giải quyết trung vị vượt thời hạn, cả hai cùng lúc. Ngưỡng"
        " là giả định của hệ thống này (groups.toml).",
        "Degraded where the backlog grows and the median time is beyond the limit, both at once. The"
        " thresholds are assumptions of ours (groups.toml).",
    ),
    "objectives.group": ("Nhóm thủ tục", "Group"),
    "objectives.open_then": ("Tồn trước đó", "Open before"),
    "objectives.open_then.is": (
        "Hồ sơ của nhóm thủ tục chưa kết thúc ở cơ quan khi các ngày làm việc gần đây bắt đầu"
        " (recent_days của groups.toml, 5 ngày khi phát hành).",
        "Dossiers of the group that were open there when the recent working days began (recent_days of"
        " groups.toml, 5 as shipped).",
    ),
    "objectives.open": ("Tồn hiện nay", "Open now"),
    "objectives.open.is": (
        "Hồ sơ của nhóm thủ tục chưa kết thúc ở cơ quan khi được đánh giá.",
        "Dossiers of the group that were open there when it was judged.",
    ),
    "objectives.completed": ("Giải quyết xong gần đây", "Completed lately"),
    "objectives.completed.is": (
        "Hồ sơ của nhóm thủ tục giải quyết xong trong các ngày làm việc gần đây, có thời gian chắc chắn. Quá ít"
        " thì không kết luận.",
        "Dossiers of the group completed in the recent working days, with certain times. With too few nothing"
        " is said.",
    ),
    "objectives.median": ("Thời gian trung vị", "Median time"),
    "objectives.median.is": (
        "Thời gian làm việc từ tiếp nhận đến khi xong, không kể tạm dừng: một nửa số hồ sơ vừa giải quyết"
        " không lâu hơn. Một ngày làm việc là 8 giờ; chính xác đến khoảng của phân bố.",
        "Working time from receipt to end, without pauses: half of those completed lately took no longer. A"
        " working day has 8 hours; as exact as the bins of the distribution.",
    ),
    "objectives.limit": ("Thời hạn", "Limit"),
    "objectives.limit.is": (
        "Thời hạn của nhóm thủ tục theo groups.toml; trung vị vượt mức này là chậm.",
        "The group's limit by groups.toml; a median beyond it is slow.",
    ),
    "objectives.working_days": ("{n} ngày làm việc", "{n} working days"),
    "service.degraded": ("suy giảm", "degraded"),
    "service.well": ("bình thường", "well"),
    "service.too_few": ("quá ít", "too few"),
}

_BOOKS: Final[Mapping[str, tuple[str, str]]] = {
    "quarantine.title": ("Cách ly", "Quarantine"),
    "quarantine.held_now": ("{n} bản ghi đang giữ", "{n} records held"),
    "quarantine.by_reason": ("Theo nguồn và lý do", "By source and reason"),
    "quarantine.first_kinds": (
        "{n} dòng đầu trong {all}. Lọc, sắp xếp, hoặc tải CSV để có tất cả.",
        "The first {n} of {all}. Filter, sort, or take the CSV for all of them.",
    ),
    "quarantine.none": ("Chưa từng có bản ghi nào bị từ chối.", "Nothing was ever refused."),
    "quarantine.unknown": ("(không rõ)", "(not known)"),
    "quarantine.held": ("Đang giữ", "Held"),
    "quarantine.held.is": (
        "Bản ghi bị từ chối mà nội dung còn được giữ để xem và gửi lại.",
        "Refused records whose bytes are kept, to be looked at and retried.",
    ),
    "quarantine.returned": ("Đã trả lại xử lý", "Returned"),
    "quarantine.returned.is": (
        "Bản ghi đã gửi lại và được chấp nhận.",
        "Records that were retried and taken.",
    ),
    "quarantine.dropped": ("Đã bỏ", "Dropped"),
    "quarantine.dropped.is": (
        "Bản ghi có người quyết định bỏ hẳn; vị trí, mã băm, lý do và người thực hiện được giữ.",
        "Records that somebody gave up for good; position, hash, reason and who are kept.",
    ),
    "quarantine.since": ("Giữ từ", "Held since"),
    "quarantine.latest": ("Mới nhất", "Latest"),
    "quarantine.what_to_do": ("Cần làm gì", "What to do"),
    "quarantine.choose": (
        "Chọn một dòng ở trên để xem cách xử lý lý do đó. Trang này không sửa gì: dùng lệnh, lệnh ghi lại ai đã"
        " làm.",
        "Press a row above to see what can be done about its reason. This page changes nothing: commands do,"
        " which note who did it.",
    ),
    "quarantine.remedy.sender": (
        "Lỗi ở bên gửi: nguồn sửa rồi gửi lại bản ghi; sau đó bỏ bản cũ kèm lý do. Gửi lại từ đây sẽ lại bị từ"
        " chối.",
        "The sender is at fault: have it mend and send the record anew, then drop the old one with a reason."
        " A retry would be refused again.",
    ),
    "quarantine.remedy.register": (
        "Danh bạ nguồn chưa cho phép: đăng ký nguồn hoặc cấp thẩm quyền bằng lệnh emc source, rồi gửi lại.",
        "The register does not let it in: enter the source or give it the mandate with emc source, then"
        " retry.",
    ),
    "quarantine.remedy.release": (
        "Bên gửi dùng mã mà bản này chưa biết: nâng cấp hệ thống này rồi gửi lại; nếu mã sai, nguồn sửa và gửi"
        " lại.",
        "The sender uses what this release does not know: upgrade and retry; where the code is wrong, the"
        " sender mends it and sends anew.",
    ),
    "quarantine.remedy.retired": (
        "Hồ sơ đã quá thời hạn lưu: không thể bổ sung sự kiện. Bỏ bản ghi kèm lý do.",
        "The dossier is past retention: nothing can be added to it. Drop the record with a reason.",
    ),
    "quarantine.remedy.fault": (
        "Lỗi của chính hệ thống này: báo lỗi, nâng cấp lên bản đã sửa, rồi gửi lại.",
        "A fault of ours: report it, upgrade to the release that mends it, then retry.",
    ),
    "quarantine.show.is": (
        "cấu trúc của bản ghi, không có nội dung; --raw cho xem nội dung và ghi lại ai đã xem",
        "a record's shape without what it says; --raw shows that too, and notes who looked",
    ),
    "quarantine.retry.is": (
        "gửi lại qua toàn bộ các bước, mỗi bản ghi đúng một lần",
        "through decoding, folding and booking again, each exactly once",
    ),
    "quarantine.drop.is": (
        "bỏ hẳn: nội dung bị xoá; vị trí, mã băm, lý do và người thực hiện được giữ",
        "give up for good: bytes go; position, hash, reason and who stay",
    ),
    "quarantine.entries": ("Các bản ghi", "Records"),
    "quarantine.arrived": ("Đến lúc", "Arrived"),
    "quarantine.place": ("Trường", "Field"),
    "quarantine.record": ("Vị trí trong Kafka", "Place in Kafka"),
    "quarantine.bytes": ("Byte", "Bytes"),
    "quarantine.bytes.is": (
        "Độ dài của bản ghi như đã đến trong Kafka.",
        "How long the record was as it came from Kafka.",
    ),
    "quarantine.tries": ("Số lần thử lại", "Tries"),
    "quarantine.tries.is": (
        "Bao nhiêu lần bản ghi đã được gửi lại qua các bước.",
        "How many times the record was retried.",
    ),
    "quarantine.settled": ("Xử lý lúc", "Settled"),
    "quarantine.next": ("Trang tiếp", "Next page"),
    "refused.empty": ("không có nội dung", "no bytes"),
    "refused.too_large": ("lớn hơn 65.536 byte", "more than 65,536 bytes"),
    "refused.too_deep": ("lồng quá sâu", "nested too deep"),
    "refused.not_utf8": ("không phải UTF-8", "no UTF-8"),
    "refused.not_json": ("JSON sai hoặc bị cắt", "malformed or cut JSON"),
    "refused.unknown_content_type": (
        "định dạng khác (content-type)",
        "another format (content-type)",
    ),
    "refused.invalid_header": (
        "header thiếu, trùng hoặc sai",
        "a header missing, doubled or wrong",
    ),
    "refused.unknown_specversion": (
        "phiên bản CloudEvents khác 1.0",
        "CloudEvents other than 1.0",
    ),
    "refused.unknown_type": ("loại sự kiện không biết", "an unknown type of event"),
    "refused.missing_field": ("thiếu trường bắt buộc", "a required field is missing"),
    "refused.wrong_type": ("sai kiểu dữ liệu", "a value of the wrong type"),
    "refused.unknown_state": ("trạng thái ngoài danh mục", "a state outside the codes"),
    "refused.unknown_code": ("từ ngoài danh mục của trường", "a word outside its field’s list"),
    "refused.invalid_code": ("mã hồ sơ, thủ tục hoặc cơ quan không hợp lệ", "an invalid code"),
    "refused.invalid_text": ("văn bản không hợp lệ", "an invalid text"),
    "refused.number_out_of_range": ("số ngoài phạm vi", "a number out of range"),
    "refused.malformed_time": ("thời gian sai định dạng", "a malformed time"),
    "refused.time_without_offset": ("thời gian thiếu múi giờ", "a time without an offset"),
    "refused.time_out_of_range": ("thời gian ngoài 1990–2100", "a time outside 1990–2100"),
    "refused.contradictory": ("các trường mâu thuẫn nhau", "fields that exclude each other"),
    "refused.unknown_source": (
        "nguồn không có trong danh bạ",
        "a sender that is not registered",
    ),
    "refused.outside_mandate": ("ngoài thẩm quyền của nguồn", "outside the source’s mandate"),
    "refused.retired": ("hồ sơ đã quá thời hạn lưu", "a dossier past retention"),
    "refused.fault": ("lỗi của hệ thống này", "a fault of ours"),
    "ledger.title": ("Sổ cái", "Ledger"),
    "ledger.seq": ("Số trong nhật ký", "Number of the journal"),
    "ledger.seq.is": (
        "Mốc này gồm mọi bút toán có số đến số này; số không tăng đều vì giao dịch bị huỷ để lại khoảng trống.",
        "The cut holds what was booked up to this number; numbers have gaps where transactions were rolled"
        " back.",
    ),
    "ledger.folded": ("Độ trễ của số dư", "Balances are behind by"),
    "ledger.folded.is": (
        "Mọi bút toán ghi trước thời điểm này đều đã vào số dư; các con số chính thức tính đến đó.",
        "Whatever was committed before this is in the balances; official figures are as of it.",
    ),
    "ledger.backlog": ("Bút toán chờ cộng", "Journal backlog"),
    "ledger.backlog.is": (
        "Số đã cấp trong nhật ký mà chưa vào số dư, kể cả số của giao dịch bị huỷ.",
        "Numbers of the journal drawn and not yet in the balances, those rolled back included.",
    ),
    "ledger.sent": ("Lượt ghi chờ đếm kết nối", "Bookings not counted"),
    "ledger.sent.is": (
        "Lượt ghi sổ chưa được đếm vào kết nối của nguồn (emc ingest đếm).",
        "Bookings not yet counted for the sources’ connections; emc ingest counts them.",
    ),
    "ledger.latencies": ("Nhật ký chờ tính thời gian", "Latency backlog"),
    "ledger.latencies.is": (
        "Trang nhật ký chưa được cộng vào các phân bố thời gian.",
        "Pages of the journal not yet summed into distributions of times.",
    ),
    "ledger.drift": ("Sai lệch sổ sách", "Drift"),
    "ledger.drift.is": (
        "Tổng số tài khoản và hồ sơ không khớp ở lần chạy emc reconcile gần nhất của từng phép kiểm. Phải là 0.",
        "Accounts and dossiers that differed when each check of emc reconcile last ran. It must be 0.",
    ),
    "ledger.oldest_check": ("Phép kiểm cũ nhất", "The oldest check"),
    "ledger.reconciled": ("Kiểm sổ (emc reconcile)", "What emc reconcile recorded"),
    "ledger.never_reconciled": ("Chưa kiểm lần nào; chạy", "It never ran; run"),
    "ledger.check": ("Phép kiểm", "Check"),
    "ledger.check.balances": ("nhật ký với số dư", "journal and balances"),
    "ledger.check.totals": ("nhật ký với tổng số được hiển thị", "journal and totals shown"),
    "ledger.check.entries": (
        "nhật ký với bút toán của các hồ sơ",
        "journal and what dossiers have booked",
    ),
    "ledger.check.dossiers": (
        "bút toán của hồ sơ với sự kiện của hồ sơ",
        "what dossiers have booked and what their events post",
    ),
    "ledger.check.readings": (
        "tổng để đọc nhanh với các dòng",
        "sums of readings and their lines",
    ),
    "ledger.compared": ("Đã so", "Compared"),
    "ledger.compared.is": (
        "Số tài khoản, hồ sơ hoặc dòng mà lần chạy gần nhất đã so.",
        "Accounts, dossiers or lines that the last run compared.",
    ),
    "ledger.differing": ("Không khớp", "Differing"),
    "ledger.differing.is": (
        "Trong đó hai sổ nói khác nhau. Phải là 0; emc reconcile nêu tên những mục đầu tiên.",
        "Those of which both books say different things. It must be 0; emc reconcile names the first.",
    ),
    "ledger.stale": ("Theo quy tắc cũ, không so", "Of other rules, not compared"),
    "ledger.stale.is": (
        "Hồ sơ ghi sổ theo bản quy tắc hoặc tệp khác với bản đang chạy: không so được, chờ tính lại.",
        "Dossiers booked by other rules or files than those that run: not comparable until they are booked"
        " anew.",
    ),
    "ledger.ended": ("Xong lúc", "Ended"),
    "ledger.policies": ("Quy tắc và các kỳ quy tắc", "Policy and epochs"),
    "ledger.epoch": ("Kỳ", "Epoch"),
    "ledger.epoch.is": (
        "Số thứ tự của kỳ quy tắc: mỗi lần đổi quy tắc hoặc tệp tham chiếu là một kỳ mới, tính lại rồi mới áp"
        " dụng.",
        "The number of the policy: each change of rules or reference files is a new epoch, booked anew before"
        " it is in force.",
    ),
    "ledger.rules": ("Bản quy tắc", "Rules version"),
    "ledger.rules.is": (
        "Phiên bản của các quy tắc tính trong chương trình.",
        "The version of the program's own rules of counting.",
    ),
    "ledger.reference": ("Tệp tham chiếu", "Reference files"),
    "ledger.begun": ("Bắt đầu", "Begun"),
    "ledger.activated": ("Áp dụng từ", "Activated"),
    "ledger.policy.active": ("đang áp dụng", "active"),
    "ledger.policy.recomputing": ("đang tính lại", "recomputing"),
    "ledger.policy.past": ("đã qua", "past"),
    "ledger.policy.abandoned": ("đã bỏ", "abandoned"),
    "ledger.positions": ("Vị trí đọc từng phân vùng", "Positions per partition"),
    "ledger.no_positions": ("Chưa đọc phân vùng nào.", "No partition has been read."),
    "ledger.partition": ("Phân vùng", "Partition"),
    "ledger.next": ("Bản ghi tiếp theo", "Next record"),
    "ledger.next.is": (
        "Vị trí trong phân vùng mà máy trạm đọc tiếp; mọi bản ghi trước đó đã vào sổ, mỗi bản ghi đúng một lần.",
        "The offset that is read next; all before it is in the books, each exactly once.",
    ),
    "ledger.moved": ("Di chuyển lúc", "Moved"),
    "ledger.owner": ("Máy trạm", "Worker"),
    "ledger.group": ("Nhóm", "Group"),
    "ledger.generation": ("Thế hệ nhóm", "Generation"),
    "ledger.generation.is": (
        "Lần phân chia phân vùng của nhóm đọc Kafka khi máy trạm nhận phân vùng này.",
        "Which assignment of the Kafka group gave the partition to the worker.",
    ),
    "ledger.fence": ("Hàng rào", "Fence"),
    "ledger.fence.is": (
        "Tăng mỗi khi phân vùng đổi người ghi hoặc được đặt bằng tay; máy trạm mang số cũ không ghi được nữa.",
        "Rises whenever the partition gets another writer or is set by hand; a worker with an older one can"
        " book no more.",
    ),
    "ledger.times_set": ("Đặt bằng tay", "Set by hand"),
    "ledger.times_set.is": (
        "Bao nhiêu lần vị trí này được đặt bằng lệnh; mỗi lần có người và lý do.",
        "How many times a command set this position; each has a name and a reason.",
    ),
    "ledger.by_hand": ("Đặt bằng tay gần đây", "Lately set by hand"),
    "ledger.cuts": ("Các mốc chốt gần nhất", "Latest cuts"),
    "ledger.cuts.says": (
        "Bấm vào một mốc để xem số liệu như đã biết lúc đó.",
        "Press one to see the figures as known then.",
    ),
    "ledger.read": ("Đã đọc đến", "Read at"),
    "ledger.sealed": ("Chốt lúc", "Sealed"),
    "ledger.closing": ("Khoá kỳ lúc", "Closed"),
}

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    **_SPELLS,
    **_CONNECTIONS,
    **_OBJECTIVES,
    **_BOOKS,
}
