"""Every endpoint of the API, in the order of its description."""

from typing import Final

from monitor.outlets.api import catalogue, dossiers
from monitor.outlets.api.endpoint import Endpoint

_OTHERS: Final = (*catalogue.ENDPOINTS, *dossiers.ENDPOINTS)
ENDPOINTS: Final[tuple[Endpoint, ...]] = (catalogue.index(_OTHERS), *_OTHERS)
