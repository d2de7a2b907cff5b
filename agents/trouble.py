"""Why Kafka or PostgreSQL does not let us in, in words that say what to do about it.

Clients say that nobody answered, and log the reason; so what they tried is tried once more here.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Final

import asyncpg
from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from agents.kafka import ENCRYPTED, NAMED

TRY_SECONDS: Final = 10
_OTHER_HOST: Final = 62  # X509_V_ERR_HOSTNAME_MISMATCH
_EXPIRED: Final = 10
_WHOSE: Final = "the PEM file of who signed the {server}'s certificate"


def said(error: BaseException) -> str:
    """An error in words, also where it has none."""
    return str(error) or type(error).__name__


def of_ledger(error: BaseException) -> str:
    """What is wrong with the connection to PostgreSQL, and the remedy."""
    text = said(error)
    match error:
        case asyncpg.InvalidPasswordError():
            return f"{text}; EMC_DATABASE_PASSWORD_FILE names the file with it"
        case asyncpg.InvalidAuthorizationSpecificationError():
            return (
                f"{text}; pg_hba.conf says who may come how: EMC_DATABASE names role and host"
            )
        case asyncpg.InvalidCatalogNameError():
            return f"{text}; createdb makes it"
        case ssl.SSLCertVerificationError():
            signer = _WHOSE.format(server="server")
            return _of_certificate(error, f"sslrootcert in EMC_DATABASE must name {signer}")
        case ConnectionError() if "SSL" in text:
            return f"{text}; turn ssl on in postgresql.conf, or write another sslmode"
        case socket.gaierror():
            return f"{text}; EMC_DATABASE names a host that nobody knows here"
        case _:
            return text


async def of_brokers(client: Mapping[str, Any], error: BaseException) -> str:
    """What is wrong with the connection to Kafka, and the remedy.

    `client` is what the client was made with that failed with this error.
    """
    how = {name: value for name, value in client.items() if name != "bootstrap_servers"}
    security = how.get("security_protocol", "PLAINTEXT").lower()
    for address in client["bootstrap_servers"].split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            async with asyncio.timeout(TRY_SECONDS):
                connection = await create_conn(
                    host.strip("[]"), int(port), request_timeout_ms=TRY_SECONDS * 1000, **how
                )
                try:  # who asks for nothing is not refused by a listener that asks for a user
                    await connection.send(MetadataRequest([]))
                finally:
                    connection.close()
        except (KafkaError, OSError, ValueError) as found:
            return f"{address}: {_of_broker(security, found)}"
    return said(error)


def _of_broker(security: str, error: BaseException) -> str:
    text = said(error)
    match error:
        case ssl.SSLCertVerificationError():
            signer = _WHOSE.format(server="broker")
            return _of_certificate(error, f"EMC_KAFKA_CA must name {signer}")
        case AuthenticationFailedError() | SaslAuthenticationFailed():
            return (
                f"{text}; EMC_KAFKA_USER or EMC_KAFKA_PASSWORD_FILE is not what the broker has"
            )
        case UnsupportedSaslMechanismError():
            return f"{text}; EMC_KAFKA_MECHANISM must be one that the listener offers"
        case ssl.SSLError():
            return f"{text}; EMC_KAFKA_SECURITY={security}, and the listener may speak no TLS"
        case socket.gaierror():
            return f"{text}; EMC_KAFKA names a host that nobody knows here"
        case ConnectionRefusedError():
            return f"{text}; nothing listens there"
        case _ if security in ENCRYPTED | NAMED:
            return f"{text}; EMC_KAFKA_SECURITY={security} may not be what the listener speaks"
        case _:
            return f"{text}; the listener may ask for TLS or a user: see EMC_KAFKA_SECURITY"


def _of_certificate(error: ssl.SSLCertVerificationError, signer: str) -> str:
    text = error.verify_message
    if error.verify_code == _OTHER_HOST:
        return f"{text}; name the host as its certificate does"
    if error.verify_code == _EXPIRED:
        return f"{text}; the server needs a new one"
    return f"the certificate is not believed ({text}); {signer}"
