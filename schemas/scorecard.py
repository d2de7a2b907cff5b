"""A scorecard as it goes out on `emc.indicators`: an official document in an envelope.

The data is a document of `monitor.ledger.stated`, the one that files and the API have too.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

TYPE: Final = "indicator.scorecard.v1"
SOURCE: Final = "emc-monitor"


def enveloped(
    document: Mapping[str, Any], key: str, cut: int, sealed_at: datetime
) -> dict[str, Any]:
    """CloudEvents 1.0, structured. Told again for the same cut, it has the same id."""
    return {
        "specversion": "1.0",
        "type": TYPE,
        "source": SOURCE,
        "id": f"{key}|{cut}",
        "subject": key,
        "time": sealed_at.astimezone(UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": document,
    }
