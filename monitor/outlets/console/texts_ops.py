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
    "class.connected.is": ("Không có dấu hiệu nào kể trên.", "None of these."),
    "connections.class": ("Mức kết nối", "Class"),
    "connections.sources": ("Hệ thống nguồn", "Sources"),
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
    "connections.counted": ("Đếm được", "Counted"),
    "connections.missing": ("Còn thiếu", "Missing"),
    "connections.differing": ("Chênh lệch", "Differing"),
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

TEXTS: Final[Mapping[str, tuple[str, str]]] = {**_SPELLS, **_CONNECTIONS}
