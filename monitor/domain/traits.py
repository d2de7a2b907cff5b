"""What a dossier is, has or has done, as one number: the slot under which it is counted by traits.

A dossier is counted once by all of its traits together, so that any combination can be asked for
afterwards ("digitised, and where the result is a document, with an electronic result"), and a new
share needs no new account. Traits are those of the present view: what is corrected is so in all
periods. What the catalogue says is that of the receipt day, as limit and level are.
"""

from collections.abc import Iterator, Mapping
from enum import IntFlag
from typing import Final, NamedTuple

from monitor.domain.event import ApplicantType
from monitor.domain.procedure import Procedure
from monitor.domain.view import View


class Trait(IntFlag):
    """One of them. Numbers are kept in the ledger and never reused."""

    CITIZEN = 1 << 0  # applicant's type; none of the four: unsaid
    BUSINESS = 1 << 1
    STATE_AGENCY = 1 << 2
    ORGANISATION = 1 << 3
    IDENTITY = 1 << 4  # a 12-digit number that is no placeholder, as attached at acceptance
    ELIGIBLE = 1 << 5  # catalogue: for full-process online service
    FEE_BEARING = 1 << 6  # catalogue: the procedure has a fee
    DOCUMENT_RESULT = 1 << 7  # catalogue: its result is a document
    LISTED = 1 << 8  # catalogue: the procedure is in it
    FEE_ASKED = 1 << 9  # a fee of more than 0 was asked for
    FEE_ZERO = 1 << 10  # fees were asked for, and every one is 0
    PAID_NATIONAL = 1 << 11  # paid on the national gateway (DuocThanhToanTrucTuyen 1)
    PAID_LOCAL = 1 << 12  # paid on the gateway of the ministry or province (2)
    PAID_DIRECT = 1 << 13  # paid, not online (3)
    ELECTRONIC_RESULT = 1 << 14  # a signed file with code and link
    PAPER_RESULT = 1 << 15
    DIGITISED = 1 << 16  # at least one component has a file, by the last list of documents
    REUSED = 1 << 17  # at least one component is digitised data used again
    NATIONAL_STORE = 1 << 18  # at least one component is from the person's national store
    POPULATION = 1 << 19  # at least one component is linked to population data
    VERIFIED = 1 << 20  # the account was verified with VNeID
    SYNCED = 1 << 21  # the national portal acknowledged it (target dvcqg, code 0)
    DISLIKED = 1 << 22  # its last rating is 2 of 5 or less
    BUNDLED = 1 << 23  # catalogue: one of the bundled procedures


class Meaning(NamedTuple):
    """A trait in words, and what it rests on."""

    vi: str
    en: str
    source: str


MEANINGS: Final[Mapping[Trait, Meaning]] = {
    Trait.CITIZEN: Meaning("công dân", "a citizen applies", "LoaiDoiTuong 1"),
    Trait.BUSINESS: Meaning("doanh nghiệp", "a business applies", "LoaiDoiTuong 2"),
    Trait.STATE_AGENCY: Meaning("cơ quan nhà nước", "a state agency applies", "LoaiDoiTuong 3"),
    Trait.ORGANISATION: Meaning("tổ chức khác", "another body applies", "LoaiDoiTuong 4"),
    Trait.IDENTITY: Meaning(
        "có số định danh cá nhân khi tiếp nhận",
        "with a personal identification number at acceptance",
        "MEASURES.md §6, identity_share",
    ),
    Trait.ELIGIBLE: Meaning(
        "thủ tục đủ điều kiện toàn trình", "eligible for full process", "catalogue, eligible"
    ),
    Trait.FEE_BEARING: Meaning(
        "thủ tục có phí, lệ phí", "the procedure has a fee", "catalogue, fee"
    ),
    Trait.DOCUMENT_RESULT: Meaning(
        "kết quả của thủ tục là giấy tờ",
        "its result is a document",
        "catalogue, document_result",
    ),
    Trait.LISTED: Meaning("thủ tục có trong danh mục", "the procedure is listed", "catalogue"),
    Trait.FEE_ASKED: Meaning(
        "có yêu cầu nộp phí, lệ phí", "a fee of more than 0 was asked for", "payment.requested"
    ),
    Trait.FEE_ZERO: Meaning(
        "phí, lệ phí bằng 0", "fees were asked for, and every one is 0", "payment.requested"
    ),
    Trait.PAID_NATIONAL: Meaning(
        "thanh toán trên Cổng Dịch vụ công quốc gia",
        "paid on the national portal",
        "DuocThanhToanTrucTuyen 1",
    ),
    Trait.PAID_LOCAL: Meaning(
        "thanh toán trên hệ thống của bộ, tỉnh",
        "paid on the ministry's or province's own system",
        "DuocThanhToanTrucTuyen 2",
    ),
    Trait.PAID_DIRECT: Meaning(
        "thanh toán trực tiếp", "paid, not online", "DuocThanhToanTrucTuyen 3"
    ),
    Trait.ELECTRONIC_RESULT: Meaning(
        "có kết quả điện tử", "an electronic result was issued", "result.issued, electronic"
    ),
    Trait.PAPER_RESULT: Meaning(
        "có kết quả bản giấy", "a result on paper was issued", "result.issued, paper"
    ),
    Trait.DIGITISED: Meaning(
        "có thành phần hồ sơ được số hóa", "a paper of it is digitised", "documents, digitised"
    ),
    Trait.REUSED: Meaning(
        "tái sử dụng dữ liệu đã số hóa",
        "a paper of it is digitised data used again",
        "DuocTaiSuDung, DuocSoHoa",
    ),
    Trait.NATIONAL_STORE: Meaning(
        "lấy từ kho dữ liệu điện tử của tổ chức, cá nhân",
        "a paper of it is from the person's national store",
        "DuocLayTuKhoDMQG",
    ),
    Trait.POPULATION: Meaning(
        "khai thác Cơ sở dữ liệu quốc gia về dân cư",
        "a paper of it is linked to population data",
        "MaCSDL",
    ),
    Trait.VERIFIED: Meaning(
        "tài khoản đã xác thực với VNeID",
        "the account was verified with VNeID",
        "TaiKhoanDuocXacThucVoiVNeID",
    ),
    Trait.SYNCED: Meaning(
        "đã đồng bộ lên Cổng Dịch vụ công quốc gia",
        "the national portal has taken it over",
        "sync.ack of dvcqg with code 0",
    ),
    Trait.DISLIKED: Meaning(
        "bị đánh giá không hài lòng", "its last rating is 2 of 5 or less", "rated"
    ),
    Trait.BUNDLED: Meaning(
        "thủ tục liên thông", "one of the bundled procedures", "catalogue, bundled"
    ),
}
OF_CATALOGUE: Final = (
    Trait.ELIGIBLE | Trait.FEE_BEARING | Trait.DOCUMENT_RESULT | Trait.LISTED | Trait.BUNDLED
)


def named(traits: int) -> Iterator[Trait]:
    """The traits that a sum of them holds, in the order of their numbers."""
    return (trait for trait in Trait if traits & trait)


_IDENTITY: Final = int(Trait.IDENTITY)
_ELIGIBLE: Final = int(Trait.ELIGIBLE)
_FEE_BEARING: Final = int(Trait.FEE_BEARING)
_DOCUMENT_RESULT: Final = int(Trait.DOCUMENT_RESULT)
_LISTED: Final = int(Trait.LISTED)
_BUNDLED: Final = int(Trait.BUNDLED)
_APPLICANT: Final = {
    int(ApplicantType.CITIZEN): int(Trait.CITIZEN),
    int(ApplicantType.BUSINESS): int(Trait.BUSINESS),
    int(ApplicantType.STATE_AGENCY): int(Trait.STATE_AGENCY),
    int(ApplicantType.ORGANISATION): int(Trait.ORGANISATION),
}


def traits(view: View, procedure: Procedure | None) -> int:
    """All traits of a dossier; `procedure` is the catalogue's row on the receipt day, if any."""
    told = view.told | _APPLICANT.get(view.applicant_type, 0)
    if view.identity_attached:
        told |= _IDENTITY
    return told if procedure is None else told | of_catalogue(procedure)


def of_catalogue(procedure: Procedure) -> int:
    """The traits that a row of the catalogue gives every dossier of its procedure."""
    told = _LISTED
    if procedure.eligible:
        told |= _ELIGIBLE
    if procedure.fee:
        told |= _FEE_BEARING
    if procedure.document_result:
        told |= _DOCUMENT_RESULT
    if procedure.bundled:
        told |= _BUNDLED
    return told
