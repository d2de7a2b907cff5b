"""`emc gateway`: the process around the gateway."""

from collections.abc import Callable
from typing import Any

import uvloop

from agents import probes
from agents.gateway.app import answer
from agents.gateway.health import GatewayHealth
from agents.settings import SettingRefused, Settings


def run(
    settings: Settings, until_stopped: Callable[..., int], say: Callable[[str], None]
) -> int:
    """Answer until the process is told to end; its exit status."""
    health = GatewayHealth()
    try:
        port = probes.serve(
            health.registry,
            health.pulse,
            port=settings.gateway_metrics_port,
            address=settings.listening(),
        )
    except OSError as error:
        raise SettingRefused(
            f"EMC_GATEWAY_METRICS_PORT={settings.gateway_metrics_port} cannot be used:"
            f" {error.strerror}; 0 lets the system choose"
        ) from None
    say(f"gateway metrics: http://{settings.listen}:{port}/metrics")

    def announce(address: str) -> None:
        say(f"gateway: {address}")

    def work(stop: Any) -> Any:
        return answer(settings, health, stop=stop, ready=announce)

    return until_stopped(work, loop=uvloop.new_event_loop)
