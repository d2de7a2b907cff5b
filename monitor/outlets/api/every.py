"""Every endpoint of the API, in the order of its description."""

from typing import Final

from monitor.outlets.api import catalogue, dossiers, figures, releases
from monitor.outlets.api.endpoint import Endpoint

_OTHERS: Final = (
    *catalogue.ENDPOINTS,
    *releases.ENDPOINTS,
    *figures.ENDPOINTS,
    *dossiers.ENDPOINTS,
)
ENDPOINTS: Final[tuple[Endpoint, ...]] = (catalogue.index(_OTHERS), *_OTHERS)
