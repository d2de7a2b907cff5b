"""`python -m tests.bench.serving SERIES`: `emc serve` with another budget of series."""

import asyncio
import os
import signal
import sys

from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.outlets.serve import serve


async def main(series: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await serve(
        dsn=os.environ["EMC_DATABASE"],
        policy=Policy(Zone()),
        host="127.0.0.1",
        port=0,
        stop=stop,
        ready=lambda port: print(f"serving: http://127.0.0.1:{port}", flush=True),
        series_budget=series,
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
