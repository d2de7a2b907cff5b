"""The measurement itself: pure functions of values, standard library only; no clock, no I/O, no log."""

from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec


def compiled() -> bool:
    """Whether extension modules run in the stead of these sources (`make compiled`)."""
    spec = find_spec("monitor.domain.fold")
    return spec is not None and isinstance(spec.loader, ExtensionFileLoader)
