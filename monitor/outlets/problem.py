"""Why a request was not done, as RFC 9457 has it: what is wrong, with what, and the remedy."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, Self

import msgspec

PROBLEM_JSON: Final = "application/problem+json"


class Code(Enum):
    """Why: the word to act upon, the status, and what it is called."""

    status: int
    title: str

    def __new__(cls, code: str, status: int, title: str) -> Self:
        one = object.__new__(cls)
        one._value_ = code
        one.status = status
        one.title = title
        return one

    WRONG_PARAMETER = ("wrong_parameter", 400, "A parameter is not what it should be")
    NO_TOKEN = ("no_token", 401, "A token is needed")
    UNKNOWN_TOKEN = ("unknown_token", 401, "The token is not valid, or not any more")
    TLS_REQUIRED = ("tls_required", 403, "Tokens are taken over TLS only")
    NOT_YOURS = ("not_yours", 403, "This is not for your role, or not of your agency")
    NOT_FOUND = ("not_found", 404, "There is nothing here")
    NOT_KNOWN = ("not_known", 404, "What was known then is not kept")
    WRONG_METHOD = ("wrong_method", 405, "The method is not for this address")
    NOT_ACCEPTABLE = ("not_acceptable", 406, "The answer has no such format")
    TOO_LONG = ("too_long", 414, "The request is too long")
    RATE = ("rate", 429, "Too many requests")
    FAULT = ("fault", 500, "A fault of the service's own")
    BUSY = ("busy", 503, "Too much is in hand")
    TOO_SLOW = ("too_slow", 503, "The answer took too long")
    LEDGER_AWAY = ("ledger_away", 503, "The ledger does not answer")
    NOT_SET_UP = ("not_set_up", 503, "The service is not set up for this")


class Problem(Exception):
    """The request is not done."""

    def __init__(
        self,
        code: Code,
        detail: str,
        remedy: str,
        *,
        parameter: str = "",
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.parameter = parameter
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["retry-after"] = str(retry_after)

    def body(self, request: str) -> bytes:
        """The document; `request` names the request in the log."""
        said: dict[str, Any] = {
            "status": self.code.status,
            "title": self.code.title,
            "code": self.code.value,
            "detail": self.detail,
            "remedy": self.remedy,
            "request": request,
        }
        if self.parameter:
            said["parameter"] = self.parameter
        return msgspec.json.encode(said)
