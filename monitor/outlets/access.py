"""Who asks, and what they may see: tokens, roles, an agency's own subtree."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final, Protocol

import structlog
from litestar import Request

from monitor.domain.codes import agency_code
from monitor.domain.scope import Reach, Scope
from monitor.ledger.access import Passes, Role, looks_like_one, token_hash
from monitor.outlets.problem import Code, Problem
from monitor.reference.hierarchy import Hierarchy

REALM: Final = {"www-authenticate": 'Bearer realm="emc"'}
INVALID: Final = {"www-authenticate": 'Bearer realm="emc", error="invalid_token"'}
_FORWARDED: Final = ("x-forwarded-for", "x-forwarded-proto", "x-real-ip", "via", "forwarded")

FAILURES: Final = 20  # of an address within a window; then what is not known to open waits
WINDOW_SECONDS: Final = 60.0
MOST_ADDRESSES: Final = 10_000
MOST_OPENED: Final = 10_000


class Asker(Protocol):
    """What is read of a request."""

    @property
    def headers(self) -> Any: ...
    @property
    def client(self) -> Any: ...
    @property
    def url(self) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks."""

    role: Role
    name: str = ""  # of the token; "" without one
    agency: str = ""  # of the role agency: whose subtree
    token: int | None = None  # id
    address: str = ""

    @property
    def anonymous(self) -> bool:
        """Whether no token was shown."""
        return self.token is None

    @property
    def sees_codes(self) -> bool:
        """Whether dossiers are called by their codes: an agency needs those of its own."""
        return self.role in (Role.AGENCY, Role.ADMIN)

    @property
    def sees_all(self) -> bool:
        """Whether figures of every agency are open."""
        return self.role in (Role.NATIONAL, Role.ADMIN)

    def may_see(self, agency: str, places: Hierarchy) -> bool:
        """Whether what happens at an agency is open to it; "" is the country.

        An agency that has ended sees nothing: who took its work over may do more than it did.
        """
        if self.sees_all:
            return True
        if self.role is not Role.AGENCY or not agency:
            return False
        own = agency_code(self.agency)
        return places.agencies.present(own) == own and own in places.above(agency)

    def may_enter(self, scope: Scope, places: Hierarchy) -> bool:
        """Whether figures of a scope are open to it. `places` knows what is booked where."""
        if self.sees_all:
            return True
        # A sector is handled by others too: its sums are not a ministry's own.
        if scope.reach is Reach.SECTOR or not self.may_see(scope.agency, places):
            return False
        # Of an agency that has ended, parts may have gone elsewhere than to its heir.
        return places.holds(scope) <= places.holds(Scope(self.agency))


def refusal(visitor: Visitor, what: str) -> Problem:
    """That something is not open to a visitor, and what would be."""
    if visitor.anonymous:
        return Problem(
            Code.NO_TOKEN,
            f"{what} is not public",
            "send the header Authorization: Bearer <token>; `emc access add` makes one",
            headers=REALM,
        )
    if visitor.role is Role.AGENCY:
        return Problem(
            Code.NOT_YOURS,
            f"{what} is not of {visitor.agency}, whose figures this token is for",
            f"ask for {visitor.agency} or an agency below it, or use a token of the role national",
        )
    return Problem(
        Code.NOT_YOURS,
        f"{what} is not open to the role {visitor.role}",
        "use a token of another role",
    )


class Access:
    """Knows visitors by what they show. Lets no token into a log, nor into an answer."""

    def __init__(
        self,
        passes: Passes,
        *,
        now: Callable[[], datetime],
        seconds: Callable[[], float],
        plain: bool = False,  # tokens are taken over plain HTTP from anywhere
    ) -> None:
        self._passes = passes
        self._now = now
        self._plain = plain
        self._failures = _Failures(seconds)
        # Hashes of tokens that opened lately: whoever else is behind the same proxy as one who
        # guesses is not shut out with him.
        self._opened: OrderedDict[bytes, None] = OrderedDict()
        self._say = structlog.get_logger("emc.access")

    async def visitor(self, request: Request[Any, Any, Any]) -> Visitor:
        """Who asks. Raises `Problem` where what is shown opens nothing."""
        address = address_of(request)
        shown = request.headers.get("authorization")
        if shown is None:
            return Visitor(role=Role.PUBLIC, address=address)
        scheme, _, token = shown.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Problem(
                Code.NO_TOKEN,
                "the header Authorization is not of the form: Bearer <token>",
                "write it so, or leave it out for what is public",
                headers=REALM,
            )
        if not self.unheard(request):
            raise Problem(
                Code.TLS_REQUIRED,
                "the token came over a connection that others can read",
                "have it revoked and another made, and call with https",
            )
        return await self.by_token(token, address)

    def unheard(self, request: Asker) -> bool:
        """Whether secrets may be said: nobody but us hears them, or whoever set us up takes it on."""
        return self._plain or _private(request)

    async def by_token(self, token: str, address: str) -> Visitor:
        """Whom a token lets in, however it was shown. Raises `Problem`."""
        hash_ = token_hash(token)
        if hash_ not in self._opened and (wait := self._failures.wait(address)):
            raise Problem(
                Code.RATE,
                "too many tokens from this address opened nothing",
                "wait; then send one that `emc access list` shows to open",
                retry_after=wait,
            )
        now = self._now()
        # What cannot be one is not looked for.
        found = await self._passes.by_token(token, now) if looks_like_one(token) else None
        if found is None:
            self._opened.pop(hash_, None)
            if self._failures.count(address):
                self._say.warning("tokens that open nothing", address=address)
            raise Problem(
                Code.UNKNOWN_TOKEN,
                "no such token opens now: it was never made, has expired or was revoked",
                "have another made: `emc access add`",
                headers=INVALID,
            )
        self._opened[hash_] = None
        if len(self._opened) > MOST_OPENED:
            self._opened.popitem(last=False)
        return Visitor(
            role=found.role,
            name=found.name,
            agency=found.agency,
            token=found.id,
            address=address,
        )


class _Failures:
    """How many tokens of an address opened nothing lately; of so many addresses the latest."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Seconds that an address must wait; 0 if it need not."""
        began, failures = self._counted.get(address, (0.0, 0))
        left = began + WINDOW_SECONDS - self._seconds()
        return int(left) + 1 if failures >= FAILURES and left > 0 else 0

    def count(self, address: str) -> bool:
        """One more; whether that makes it too many, for the first time in this window."""
        now = self._seconds()
        began, failures = self._counted.pop(address, (now, 0))
        if now - began >= WINDOW_SECONDS:
            began, failures = now, 0
        self._counted[address] = (began, failures + 1)
        if len(self._counted) > MOST_ADDRESSES:
            self._counted.popitem(last=False)
        return failures + 1 == FAILURES


class Rates:
    """So many requests a second of each visitor, and a few at once; of so many visitors the latest."""

    def __init__(self, a_second: int, seconds: Callable[[], float]) -> None:
        self._a_second = a_second  # 0: any number
        self._burst = 4.0 * a_second
        self._seconds = seconds
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> int:
        """Seconds to wait; 0 where the request may be done."""
        if not self._a_second:
            return 0
        now = self._seconds()
        at, left = self._left.pop(who, (now, self._burst))
        left = min(self._burst, left + (now - at) * self._a_second)
        enough = left >= 1
        self._left[who] = (now, left - 1 if enough else left)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)
        return 0 if enough else 1


def address_of(request: Asker) -> str:
    """Where a request comes from; of one through a trusted proxy, who called that."""
    return request.client.host if request.client else ""


def forwarded(request: Asker) -> bool:
    """Whether a proxy brings it, which is not trusted for that."""
    return any(name in request.headers for name in _FORWARDED)


def _private(request: Asker) -> bool:
    """Whether nobody could read it on its way: TLS, or this machine without a proxy between.

    A proxy on this machine that nobody told us of brings what it got from anywhere.
    """
    if request.url.scheme == "https":
        return True
    if forwarded(request):
        return False
    try:
        return ip_address(address_of(request)).is_loopback
    except ValueError:
        return False
