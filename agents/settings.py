"""Settings of the running service, read once from the environment."""

import os
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from agents.kafka import CannotConnect, Kafka, Mechanism, Security
from agents.keys import Keys
from agents.variables import (
    Address,
    Amount,
    Number,
    Objection,
    Percent,
    Port,
    Secret,
    Switch,
    read,
    strangers,
    variables,
)
from monitor.domain.policy import Policy, Precision
from monitor.domain.rhythm import Thresholds
from monitor.domain.watched import Watched
from monitor.domain.zone import Zone
from monitor.reference.complaints import Unusable
from monitor.reference.connections import load_thresholds
from monitor.reference.indicators import StoredSet, load_sets
from monitor.reference.objectives import load_watched
from monitor.reference.policy import load_policy
from monitor.reference.releases import Public, load_public
from monitor.reference.sets import ReferenceSet, plain_set, set_of
from schemas.kinds import DOSSIERS, PETITIONS, TOPICS


class LogFormat(StrEnum):
    """For people, or for a collector of logs."""

    TEXT = "text"
    JSON = "json"


class SettingRefused(Exception):
    """A setting is missing or not what it should be; the text says which and how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """Each field is read from `EMC_` and its name in upper case."""

    kafka: str = "localhost:9092"  # bootstrap servers, comma-separated
    kafka_security: Security = Security.PLAINTEXT  # plaintext, ssl, sasl_plaintext or sasl_ssl
    kafka_mechanism: Mechanism = Mechanism.SCRAM_SHA_512  # how the password is shown, with sasl
    kafka_user: str = ""  # who we are to the brokers, with sasl
    kafka_password: Secret = ""  # with sasl
    kafka_ca: str = ""  # PEM file of who signs the brokers' certificates; "" for the system's
    kafka_certificate: str = ""  # PEM file of our own certificate, where brokers ask for one
    kafka_key: str = ""  # PEM file of its key
    kafka_idempotent: Switch = 1  # 0 for a broker that hands out no producer ids
    database: Address = "postgresql://localhost/emc"  # DSN of the ledger
    database_password: Secret = ""  # of the role in it, where it has none
    topic: str = "emc.dossiers"  # the canonical topic
    petitions_topic: str = "emc.petitions"  # the canonical topic of petitions
    indicators_topic: str = "emc.indicators"  # where official figures are told of
    group: str = "emc-dossiers"  # the worker's consumer group; of petitions with -petitions
    ingest_group: str = "emc-ingest"  # the consumer group of `emc ingest`
    zone: str = "Asia/Ho_Chi_Minh"  # whose days are counted
    precision: Precision = Precision.INSTANT  # of the plain verdict on_time
    reference: str = ""  # folder of reference files, whose policy then rules; "" for none
    quarantine_key: Secret = ""  # 32 bytes in base64; without it refused bytes are not kept
    applicant_key: Secret = ""  # secret under which replayed applicants are hashed; "": random
    applicant_keys: Secret = ""  # of the edge, id:first year:secret with commas between
    quarantine_quota: Number = 10_000  # refused records kept with their bytes, a source
    refusal_limit_percent: Percent = 50  # refused, of all, that stops a worker; 100: nothing
    dossiers_at_hand: Amount = 200_000  # dossiers a worker keeps in memory
    archive_beside: Switch = 0  # 1: workers archive too, a hundred dossiers every few seconds
    archive_after_days: Number = 30  # without news, before a finished dossier is archived
    retention_years: Number = 10  # after a dossier's end, before it may be retired; 0: never
    worker_metrics_port: Port = 9101  # the worker's own /metrics; 0 lets the system choose
    ingest_metrics_port: Port = 9103  # the same of `emc ingest`
    serve_port: Port = 8080  # ledger metrics, API and console; 0 lets the system choose
    serve_proxies: str = ""  # the same as gateway_proxies, of emc serve
    serve_plain: Switch = 0  # 1: tokens to read with are taken over plain HTTP from anywhere
    api_rate: Number = 50  # requests a second of a visitor of the API; 0: no limit
    api_connections: Amount = 4  # of the API to the ledger
    api_patience_seconds: Amount = 10  # for an answer of the API, then 503
    listen: str = "127.0.0.1"  # address that metrics, serve and gateway listen on
    watchdog_seconds: Number = 120  # without progress though all answers, then rejoin; 0: never
    instance_id: str = ""  # static group membership, one a worker (KIP-345); "" for none
    log_format: LogFormat = LogFormat.TEXT  # text or json
    gateway_port: Port = 8081  # HTTP in; 0 lets the system choose
    gateway_metrics_port: Port = 9102  # the gateway's own /metrics; 0 lets the system choose
    gateway_tls_certificate: str = ""  # PEM file, its chain included; "" for plain HTTP
    gateway_tls_key: str = ""  # PEM file of its key
    gateway_proxies: str = ""  # addresses or ranges whose X-Forwarded- headers are believed
    gateway_plain: Switch = 0  # 1: tokens are taken over plain HTTP from anywhere
    gateway_rate: Number = 5_000  # events a second of a source that has none; 0: no limit
    gateway_requests: Amount = 1_000  # open at once; those beyond are answered with 503
    gateway_request_bytes: Amount = 4_194_304  # of a body that is held as a whole, inflated
    gateway_stream_bytes: Amount = 1_073_741_824  # of a stream of lines, inflated
    gateway_memory_mb: Amount = 64  # for bodies, and as much again for what waits for Kafka
    gateway_patience_seconds: Amount = 10  # for Kafka's acknowledgement, then 503
    brisk: Switch = 0  # 1 shortens the group's timeouts, for demo and tests

    def __post_init__(self) -> None:
        if self.database_password:
            address = with_password(self.database, self.database_password)
            object.__setattr__(self, "database", address)

    def __repr__(self) -> str:
        return f"Settings({self.shown()})"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Raises `SettingRefused` naming each variable, what it holds and what it should be."""
        given = os.environ if environment is None else environment
        values, wrong = read(variables(cls), given)
        if not wrong and (doubled := _two_passwords(values)):
            wrong = [doubled]
        if wrong:
            raise SettingRefused("\n".join(map(str, wrong)))
        return cls(**values)

    def shown(self) -> dict[str, str]:
        """By their variables those that are not as they come; secrets are masked."""
        defaults = {field.name: field.default for field in fields(self)}
        return {
            one.name: one.shown(value)
            for one in variables(type(self))
            if (value := getattr(self, one.field)) != defaults[one.field]
        }

    def brokers(self) -> Kafka:
        """How to connect to Kafka; raises `SettingRefused` if what is said does not go together."""
        try:
            return Kafka(
                bootstrap=self.kafka,
                security=self.kafka_security,
                mechanism=self.kafka_mechanism,
                user=self.kafka_user,
                password=self.kafka_password,
                ca=self.kafka_ca,
                certificate=self.kafka_certificate,
                key=self.kafka_key,
            )
        except CannotConnect as error:
            raise SettingRefused(f"EMC_KAFKA_SECURITY={self.kafka_security}: {error}") from None

    def topics(self) -> dict[str, str]:
        """By the name that a canonical topic has in the catalogue, what it is called here."""
        return {topic.name: topic.name for topic in TOPICS} | {
            DOSSIERS.name: self.topic,
            PETITIONS.name: self.petitions_topic,
        }

    def listening(self) -> str:
        """Where to listen; raises `SettingRefused` if it is no address."""
        try:
            socket.getaddrinfo(self.listen, None, flags=socket.AI_PASSIVE)
        except OSError:
            raise SettingRefused(
                f"EMC_LISTEN is {self.listen!r}, which is no address; one of this host's, or"
                " 0.0.0.0 for all"
            ) from None
        return self.listen

    def days(self) -> Zone:
        """The zone whose days are counted; raises `SettingRefused` if there is none such."""
        try:
            return Zone(self.zone)
        except ValueError as error:
            raise SettingRefused(f"EMC_ZONE: {error}") from None

    def policy(self) -> Policy:
        """By which rules dossiers are measured: plain ones, or those of the reference files.

        Raises `SettingRefused` with every complaint about the files.
        """
        if not self.reference:
            return Policy(self.days(), self.precision)
        try:
            return load_policy(Path(self.reference))
        except Unusable as error:
            raise SettingRefused(f"EMC_REFERENCE={self.reference}:\n{error}") from None

    def keys(self) -> Keys:
        """Under which the edge hides who somebody is; raises `SettingRefused` without one."""
        try:
            return Keys.of(self.applicant_keys, self.applicant_key)
        except ValueError as error:
            raise SettingRefused(f"EMC_APPLICANT_KEYS: {error}") from None

    def thresholds(self) -> Thresholds:
        """By what connections are judged; raises `SettingRefused` with every complaint."""
        try:
            return load_thresholds(Path(self.reference) if self.reference else None)
        except Unusable as error:
            raise SettingRefused(f"EMC_REFERENCE={self.reference}:\n{error}") from None

    def watched(self) -> Watched | None:
        """Objectives and what they go by; None without reference files, or where there are none.

        Raises `SettingRefused` with every complaint.
        """
        if not self.reference:
            return None
        try:
            found = load_watched(Path(self.reference))
        except Unusable as error:
            raise SettingRefused(f"EMC_REFERENCE={self.reference}:\n{error}") from None
        return found if found.objectives.objectives or found.objectives.groups else None

    def public(self) -> Public | None:
        """Tables for the public; None without reference files, or where there are none.

        Raises `SettingRefused` with every complaint.
        """
        if not self.reference:
            return None
        try:
            found = load_public(Path(self.reference))
        except Unusable as error:
            raise SettingRefused(f"EMC_REFERENCE={self.reference}:\n{error}") from None
        return found if found.tables else None

    def indicator_sets(self) -> list[StoredSet]:
        """What official figures are; none without reference files.

        Raises `SettingRefused` with every complaint.
        """
        if not self.reference:
            return []
        try:
            return load_sets(Path(self.reference))
        except Unusable as error:
            raise SettingRefused(f"EMC_REFERENCE={self.reference}:\n{error}") from None

    def reference_set(self) -> tuple[ReferenceSet, Policy]:
        """The policy, and all that it is made of.

        Raises `SettingRefused` with every complaint about the files.
        """
        if not self.reference:
            policy = self.policy()
            return plain_set(policy), policy
        try:
            return set_of(Path(self.reference))
        except Unusable as error:
            raise SettingRefused(f"EMC_REFERENCE={self.reference}:\n{error}") from None


_HAS_PASSWORD: Final = re.compile(r"://[^/@?]*:[^/?]*@|[?&]password=")
_PASSWORD: Final = re.compile(r"(?<=[?&])password=[^&]*&?")


def misspelt(given: Iterable[str]) -> list[Objection]:
    """Variables that are no setting, and look as if they were meant to be one."""
    return strangers(variables(Settings), given, only_near=True)


def with_password(address: str, password: str) -> str:
    """The address of a database with a password; as a parameter, for there may be many hosts."""
    bare = _PASSWORD.sub("", address).rstrip("?&")
    return f"{bare}{'&' if '?' in bare else '?'}password={quote(password, safe='')}"


def _two_passwords(values: Mapping[str, str]) -> Objection | None:
    if values.get("database_password") and _HAS_PASSWORD.search(values.get("database", "")):
        return Objection(
            "EMC_DATABASE_PASSWORD", "is set, and EMC_DATABASE has a password", "leave one out"
        )
    return None
