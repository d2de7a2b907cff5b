"""Where the reference files lie that come with the service."""

import sys
from pathlib import Path
from typing import Final

IN_A_CHECKOUT: Final = Path("deploy/reference")
INSTALLED: Final = Path(sys.prefix, "share", "emc-monitor", "reference")  # by the wheel


def shipped_reference() -> Path | None:
    """Those of the checkout one stands in, or else of the installation; None without either."""
    return next((folder for folder in (IN_A_CHECKOUT, INSTALLED) if folder.is_dir()), None)
