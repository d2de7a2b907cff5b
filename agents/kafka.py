"""How every Kafka client of ours connects: brokers, and who we are to them.

One place, so that worker, ingest, gateway, replay and the commands cannot differ.
"""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Security(StrEnum):
    """As Kafka's clients name it in `security.protocol`, in lower case."""

    PLAINTEXT = "plaintext"
    SSL = "ssl"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"


class Mechanism(StrEnum):
    """How a password is shown to the broker."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


ENCRYPTED: Final = frozenset({Security.SSL, Security.SASL_SSL})
NAMED: Final = frozenset({Security.SASL_PLAINTEXT, Security.SASL_SSL})


class CannotConnect(ValueError):
    """What was given does not go together; the text says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """The brokers, and how we connect to them. Raises `CannotConnect`."""

    bootstrap: str  # comma-separated
    security: Security = Security.PLAINTEXT
    mechanism: Mechanism = Mechanism.SCRAM_SHA_512
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""  # PEM file of the authorities that sign brokers; "" for the system's
    certificate: str = ""  # PEM file of our own, where brokers ask for one
    key: str = ""  # PEM file of its key
    context: ssl.SSLContext | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.security in NAMED and not (self.user and self.password):
            raise CannotConnect(f"{self.security} needs a user and a password")
        if self.security not in NAMED and self.user:
            raise CannotConnect(f"{self.security} knows no users; sasl_ssl does")
        if self.key and not self.certificate:
            raise CannotConnect("a key without a certificate proves nothing")
        if self.security not in ENCRYPTED:
            if self.ca or self.certificate:
                raise CannotConnect(
                    f"{self.security} uses no certificates; ssl and sasl_ssl do"
                )
            return
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key or None)
        except (OSError, ssl.SSLError) as error:
            raise CannotConnect(f"certificates cannot be read: {error}") from None
        object.__setattr__(self, "context", context)

    @classmethod
    def at(cls, bootstrap: str) -> "Kafka":
        """Brokers that ask nobody who he is."""
        return cls(bootstrap=bootstrap)

    def client(self) -> dict[str, Any]:
        """What any client of aiokafka is made with."""
        said: dict[str, Any] = {"bootstrap_servers": self.bootstrap}
        if self.security is Security.PLAINTEXT:
            return said
        said |= {"security_protocol": self.security.upper(), "ssl_context": self.context}
        if self.security in NAMED:
            said |= {
                "sasl_mechanism": self.mechanism.value,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return said

    def faust(self) -> dict[str, Any]:
        """The same for an app."""
        return {
            "broker": f"kafka://{self.bootstrap}".replace(",", ";kafka://"),
            "broker_credentials": self._credentials(),
        }

    def _credentials(self) -> Any:
        if self.security is Security.PLAINTEXT:
            return None
        import faust  # noqa: PLC0415 - takes long, and most commands have no app

        if self.security in NAMED:
            # A context, whatever it says, has Faust choose TLS.
            return faust.SASLCredentials(
                mechanism=self.mechanism.value,
                username=self.user,
                password=self.password,
                ssl_context=self.context,
            )
        return faust.SSLCredentials(context=self.context)
