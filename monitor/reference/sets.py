"""A reference set: all that a policy is made of, as one value that can be stored and read back."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from monitor.domain.policy import Policy, Precision
from monitor.domain.zone import Zone
from monitor.reference.complaints import Unusable
from monitor.reference.policy import POLICY, Reference, load_reference, reference_files

PLAIN: Final = "plain.toml"  # of a deployment without reference files: zone and precision
_HASH_DIGITS: Final = 16  # as many as the version of a folder's files has


@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """Reference files by their path below the folder, and the digest of all that they say."""

    hash: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Shown:
    """What queries of the ledger need of a set: they cannot read files."""

    zone: str
    by_date: bool  # nothing is overdue on the day it falls due
    # Code of a ministry or province, who stands there today, and the name of the latter.
    agencies: tuple[tuple[str, str, str], ...]


class ReadsDifferently(Exception):
    """A stored reference set says something else to this release than when it was stored."""


def set_of(folder: Path) -> tuple[ReferenceSet, Policy]:
    """A folder's files and the policy that they make; `Unusable` with every complaint."""
    reference = load_reference(folder)
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in reference_files(folder)
    }
    return ReferenceSet(reference.version, files), reference.policy


def plain_set(policy: Policy) -> ReferenceSet:
    """What a deployment without reference files goes by: the plain rule's two settings."""
    said = f'zone = "{policy.zone.name}"\nprecision = "{policy.precision}"\n'.encode()
    return ReferenceSet(hashlib.sha256(said).hexdigest()[:_HASH_DIGITS], {PLAIN: said})


def hash_of(policy: Policy) -> str:
    """The hash of the reference set that a policy was made of."""
    return policy.legal.version if policy.legal else plain_set(policy).hash


def written(stored: ReferenceSet, folder: Path) -> None:
    """Put a stored set's files into a folder, as they were."""
    for path, content in stored.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def zone_of(stored: ReferenceSet) -> str:
    """Whose days a stored set counts; asked also of sets that this release reads differently."""
    name = PLAIN if PLAIN in stored.files else POLICY
    said: str = tomllib.loads(stored.files[name].decode("utf-8-sig"))["zone"]
    return said


def policy_of(stored: ReferenceSet) -> Policy:
    """The policy that a stored set makes.

    Raises `ReadsDifferently` if it is not the one that was stored: public holidays come from a
    library, and another version of it may know others.
    """
    policy, version = _read(stored)
    if version != stored.hash:
        raise ReadsDifferently(
            f"the reference set {stored.hash} of the ledger reads as {version} here:"
            " this release knows other public holidays (the library `holidays`) than the one"
            " that stored it; install that release's versions (requirements.lock), or run"
            " `emc recompute --reference FOLDER` with this one"
        )
    return policy


def reference_of(stored: ReferenceSet) -> Reference:
    """All that a stored set's files say, names included.

    Raises `ReadsDifferently` if this release cannot read them, `LookupError` for a deployment
    without files.
    """
    if PLAIN in stored.files:
        raise LookupError("there are no reference files")
    return _loaded(stored)


def showing(stored: ReferenceSet) -> Policy:
    """A policy to show by what was booked: zone, precision, and who stands for whom today.

    Public holidays move none of these, so that another library of them is no reason to show
    nothing. Raises `ReadsDifferently` if this release cannot read the files at all.
    """
    return _read(stored)[0]


def shown(stored: ReferenceSet) -> Shown:
    """What queries need of a set. Raises `ReadsDifferently` as `showing` does."""
    if PLAIN in stored.files:
        policy, _ = _read(stored)
        return Shown(policy.zone.name, policy.precision is Precision.DATE, ())
    reference = _loaded(stored)
    agencies = reference.agencies
    return Shown(
        zone=reference.policy.zone.name,
        by_date=reference.policy.precision is Precision.DATE,
        agencies=tuple(
            (code, present := agencies.present(code), agencies.rows(present)[-1].value.name)
            for code in agencies.first_level()
        ),
    )


def _read(stored: ReferenceSet) -> tuple[Policy, str]:
    """The policy of a stored set, and the digest of all that it says to this release."""
    if PLAIN in stored.files:
        said = tomllib.loads(stored.files[PLAIN].decode())
        return Policy(Zone(said["zone"]), Precision(said["precision"])), stored.hash
    reference = _loaded(stored)
    return reference.policy, reference.version


def _loaded(stored: ReferenceSet) -> Reference:
    with TemporaryDirectory(prefix="emc-reference-") as name:
        folder = Path(name)
        written(stored, folder)
        try:
            return load_reference(folder)
        except Unusable as unusable:
            raise ReadsDifferently(
                f"the reference set {stored.hash} of the ledger is refused by this release:"
                f" {unusable.complaints[0]}; mend the files and run"
                " `emc recompute --reference FOLDER` with this release"
            ) from None
