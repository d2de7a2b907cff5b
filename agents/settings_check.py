"""`emc check --settings FILE`: a file of settings, held against what they must be, line by line.

The file is one of lines `NAME=value`, as systemd (`EnvironmentFile=`), compose (`env_file:`) and
kustomize (`envs:`) read it. They differ in what they make of quotes and dollar signs, so that a
file which all of them read alike has neither.
"""

import re
import ssl
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from agents.gateway.caller import networks
from agents.kafka import Mechanism, Security
from agents.quarantine import Seal
from agents.settings import SettingRefused, Settings
from agents.variables import FROM_FILE, Objection, read, strangers, variables
from monitor.reference.check import check as check_reference
from monitor.reference.complaints import Complaints, Unusable, read_text

_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_NAMED: Final = re.compile(r"(EMC_\w+)(?:=\S*)?:? ?(.*)", re.DOTALL)
_PORTS: Final = (
    "worker_metrics_port",
    "ingest_metrics_port",
    "serve_port",
    "gateway_port",
    "gateway_metrics_port",
)
_SSLMODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_KAFKA: Final = "EMC_KAFKA_"
_MB: Final = 1024 * 1024
SHORTEST_WATCH: Final = 20  # seconds: after an outage a worker may take ten to look again


def check(file: Path) -> list[str]:
    """Every complaint about the file, and about the reference files that it names."""
    complaints = Complaints()
    text = read_text(file, complaints)
    if text is None:
        return _said(complaints)
    given, lines = _parsed(file, text, complaints)
    known = variables(Settings)
    values, wrong = read(known, given)
    objections = [*strangers(known, given), *wrong]
    bad = {objection.variable for objection in wrong}
    try:
        settings = Settings.from_environment(_without(bad, given))
    except SettingRefused as refused:
        objections.append(_objection(str(refused)))
    else:
        objections += [one for one in contradictions(settings) if not _rests_on(bad, one)]
    objections += _open_secrets(file, given)
    for variable, reason, remedy in objections:
        complaints.add(file, lines.get(variable, 1), f"{variable} {reason}", remedy)
    found = _said(complaints)
    folder = values.get("reference")
    if not folder or not Path(folder).exists():
        return found
    return [*found, *check_reference(Path(folder))]


def elsewhere(file: Path) -> list[str]:
    """What the file names and this host has not: no complaint, as in an image it may be there."""
    complaints = Complaints()
    text = read_text(file, complaints)
    given, lines = _parsed(file, text, complaints) if text is not None else ({}, {})
    folder = given.get("EMC_REFERENCE")
    if not folder or Path(folder).exists():
        return []
    line = lines["EMC_REFERENCE"]
    return [
        f"{file}:{line}: EMC_REFERENCE is {folder}, not on this host: its files are not checked"
    ]


def _without(bad: Collection[str], given: Mapping[str, str]) -> dict[str, str]:
    """What is given besides; of a secret neither the value nor the file."""
    left_out = {*bad, *(name.removesuffix(FROM_FILE) for name in bad)}
    return {name: value for name, value in given.items() if name not in left_out}


def _rests_on(bad: Collection[str], objection: Objection) -> bool:
    """Whether it is about a value that is not known, which stands at its default meanwhile."""
    kafka = _of_kafka(objection.variable) and any(map(_of_kafka, bad))
    return kafka or objection.variable in bad or any(name in objection.reason for name in bad)


def _of_kafka(name: str) -> bool:
    return name.startswith(_KAFKA)


def _said(complaints: Complaints) -> list[str]:
    try:
        complaints.settled(None)
    except Unusable as unusable:
        return [str(complaint) for complaint in unusable.complaints]
    return []


def _parsed(
    file: Path, text: str, complaints: Complaints
) -> tuple[dict[str, str], dict[str, int]]:
    """The values by their names, and in which line each stands."""
    given: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not _NAME.fullmatch(name):
            complaints.add(file, number, *_malformed(line))
            continue
        if name in given:
            complaints.add(
                file,
                number,
                f"{name} stands in line {lines[name]} too",
                "leave one of them out",
            )
        for found, reason, remedy in _READ_DIFFERENTLY:
            if found(value):
                complaints.add(file, number, f"{name} {reason}", remedy)
        given[name], lines[name] = value.strip().strip("\"'"), number
    return given, lines


def _malformed(line: str) -> tuple[str, str]:
    if line.lstrip().startswith("export "):
        return "export is of a shell", "write NAME=value alone"
    return "this is not NAME=value", "write one, without blanks around =, or begin with #"


_READ_DIFFERENTLY: Final[tuple[tuple[Callable[[str], bool], str, str], ...]] = (
    (
        lambda value: value[:1] in ("'", '"'),
        "is quoted, and not every reader takes quotes off",
        "leave them out; a value may have blanks in it",
    ),
    (
        lambda value: "$" in value,
        "has a dollar sign, which compose reads as a variable",
        "put a secret into a file of its own and name that with " + FROM_FILE,
    ),
    (
        lambda value: value != value.strip(),
        "has blanks around its value",
        "leave them out",
    ),
    (
        lambda value: value.endswith("\\"),
        "ends with a backslash, which systemd reads as more to come",
        "leave it out",
    ),
)


def contradictions(settings: Settings) -> Iterator[Objection]:
    """What is of the right type and cannot be meant, or does not go together."""
    tried: list[Callable[[], object]] = [settings.brokers, settings.days, settings.listening]
    if settings.applicant_keys or settings.applicant_key:
        tried.append(settings.keys)
    for attempt in tried:
        try:
            attempt()
        except SettingRefused as refused:
            yield _objection(str(refused))
    yield from _of_secrets(settings)
    yield from _of_database(settings)
    yield from _of_ports(settings)
    yield from _of_gateway(settings)
    if 0 < settings.watchdog_seconds < SHORTEST_WATCH:
        yield Objection(
            "EMC_WATCHDOG_SECONDS",
            f"is {settings.watchdog_seconds}, and after an outage a worker may need ten to look",
            f"0, or {SHORTEST_WATCH} at the least",
        )


def _objection(text: str) -> Objection:
    """From what a process would have ended with."""
    found = _NAMED.match(text)
    variable, said = found.groups() if found else ("", text)
    reason, _, remedy = said.partition("; ")
    return Objection(variable, reason, remedy or "docs/reference/settings.md says what goes")


def _of_secrets(settings: Settings) -> Iterator[Objection]:
    if settings.quarantine_key:
        try:
            Seal.from_text(settings.quarantine_key)
        except ValueError as error:
            yield Objection(
                "EMC_QUARANTINE_KEY", f"is no key ({error})", "head -c 32 /dev/urandom | base64"
            )
    plainly = settings.kafka_security is Security.SASL_PLAINTEXT
    if plainly and settings.kafka_mechanism is Mechanism.PLAIN:
        yield Objection(
            "EMC_KAFKA_MECHANISM",
            "is PLAIN without TLS: the password would travel as it is",
            "EMC_KAFKA_SECURITY=sasl_ssl, or one of the SCRAM mechanisms",
        )


def _of_database(settings: Settings) -> Iterator[Objection]:
    address = urlsplit(settings.database)
    said = parse_qs(address.query)
    if address.scheme not in ("postgresql", "postgres"):
        yield Objection(
            "EMC_DATABASE", f"begins with {address.scheme!r}", "postgresql://ROLE@HOST/DATABASE"
        )
    [mode] = said.get("sslmode", ["prefer"])[-1:]
    if mode not in _SSLMODES:
        yield Objection("EMC_DATABASE", f"has sslmode={mode}", f"one of {', '.join(_SSLMODES)}")
    for name in ("sslrootcert", "sslcert", "sslkey"):
        for path in said.get(name, []):
            if not Path(path).is_file():
                yield Objection(
                    "EMC_DATABASE", f"has {name}={path}, which is not there", "name a PEM file"
                )
    if "sslrootcert" in said and mode not in ("verify-ca", "verify-full"):
        yield Objection(
            "EMC_DATABASE",
            f"has sslrootcert, and sslmode={mode} does not look at whose certificate it is",
            "sslmode=verify-full",
        )


def _of_ports(settings: Settings) -> Iterator[Objection]:
    taken: dict[int, str] = {}
    for field in _PORTS:
        port, name = getattr(settings, field), f"EMC_{field.upper()}"
        if port and port in taken:
            yield Objection(name, f"is {port}, as {taken[port]} is", "give each its own, or 0")
        taken.setdefault(port, name)


def _of_gateway(settings: Settings) -> Iterator[Objection]:
    certificate, key = settings.gateway_tls_certificate, settings.gateway_tls_key
    if bool(certificate) != bool(key):
        alone = "KEY" if key else "CERTIFICATE"
        yield Objection(f"EMC_GATEWAY_TLS_{alone}", "is set alone", "set both, or neither")
    elif certificate:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                certificate, key
            )
        except (OSError, ssl.SSLError) as error:
            yield Objection(
                "EMC_GATEWAY_TLS_CERTIFICATE",
                f"and its key cannot be used ({error})",
                "a PEM file with the chain, and the key of its first certificate",
            )
        if settings.gateway_plain:
            yield Objection(
                "EMC_GATEWAY_PLAIN", "is 1, and there is TLS", "leave one of them out"
            )
    try:
        networks(settings.gateway_proxies)
    except ValueError:
        yield Objection(
            "EMC_GATEWAY_PROXIES",
            f"is {settings.gateway_proxies!r}",
            "addresses or ranges with commas between, as 10.0.0.0/8",
        )
    if settings.gateway_request_bytes > settings.gateway_memory_mb * _MB:
        yield Objection(
            "EMC_GATEWAY_REQUEST_BYTES",
            f"is more than the {settings.gateway_memory_mb} MB of EMC_GATEWAY_MEMORY_MB",
            "give it less, or the gateway more",
        )


def _open_secrets(file: Path, given: Mapping[str, str]) -> Iterator[Objection]:
    """Secrets that every account of this machine may read."""
    known = variables(Settings)
    if _open_to_all(file):
        for one in known:
            value = given.get(one.name, "")
            if one.hidden and value and one.shown(value) != value:
                yield Objection(
                    one.name,
                    "is in the clear in a file that everybody may read",
                    f"chmod 640 {file}",
                )
    named = [one.file for one in known if one.hidden]
    for name in (*named, "EMC_KAFKA_KEY", "EMC_GATEWAY_TLS_KEY"):
        path = given.get(name)
        if path and _open_to_all(Path(path)):
            yield Objection(name, f"is {path}, which everybody may read", f"chmod 640 {path}")


def _open_to_all(file: Path) -> bool:
    """Whether others may read it, and come so far as its folder."""
    try:
        return bool(
            file.stat().st_mode & stat.S_IROTH
            and file.resolve().parent.stat().st_mode & stat.S_IXOTH
        )
    except OSError:
        return False
