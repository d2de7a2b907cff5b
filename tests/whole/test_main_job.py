"""The main job end to end: a recorded log through Kafka, Faust and PostgreSQL into Prometheus."""

import asyncio
import json
import sys
from pathlib import Path

from tests.servers.kafka import KafkaNode
from tests.servers.process import Server
from tests.servers.prometheus import MakesPrometheus
from tests.servers.require import ROOT, require_data
from tests.whole.service import stage

EMC = [sys.executable, "-m", "monitor.cli"]
MAPPING = ROOT / "deploy" / "mappings" / "coselog_receipt.toml"

# By channel code: direct 109 at the desk and 1 intern, online 1,250 by Internet and 21 by e-mail,
# postal 53. The rest is the log's own: 1,329 have an end, 377 of them after their deadline.
FIGURES = {
    "accepted": 1434,
    "completed": 1329,
    "on_time": 952,
    "late": 377,
    "no_deadline": 0,
    "returned": 0,
}
CHANNELS = {"direct": 110, "online": 1271, "postal": 53}


async def test_a_recorded_log_comes_out_of_prometheus_as_it_is_measured_offline(
    kafka: KafkaNode, database: str, tmp_path: Path, prometheus: MakesPrometheus
):
    log = require_data("coselog_receipt") / "receipt.csv.gz"
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        await asyncio.to_thread(here.worker(zone="Europe/Amsterdam").start)
        settings = {
            "EMC_KAFKA": here.bootstrap,
            "EMC_TOPIC": here.topic,
            "EMC_DATABASE": database,
            "EMC_SERVE_PORT": "0",
            "EMC_ZONE": "Europe/Amsterdam",
        }
        replay = Server(
            "replay",
            [*EMC, "replay", str(log), "--mapping", str(MAPPING), "--json", f"{tmp_path}/sent"],
            log=tmp_path / "replay.log",
            ready=lambda _: True,
            environment=settings,
        )
        await asyncio.to_thread(replay.launch)
        await asyncio.to_thread(replay.succeed, 60)
        sent = json.loads((tmp_path / "sent").read_bytes())
        assert (sent["records"], sent["refused"]) == (8577, 0)

        serve = Server(
            "serve",
            [*EMC, "serve"],
            log=tmp_path / "serve.log",
            ready=lambda server: "serving: " in server.said(),
            environment=settings,
        )
        await asyncio.to_thread(serve.start)
        try:
            address = serve.said().split("serving: http://")[1].split()[0]
            scraping = await asyncio.to_thread(prometheus, address)
            await scraping.until("sum(emc_records_total)", sent["events"], 60)
            for name, figure in FIGURES.items():
                net = (
                    f"sum(emc_dossiers_{name}_credit_total)"
                    f" - sum(emc_dossiers_{name}_debit_total)"
                )
                assert await scraping.value(net) == figure, name
            assert await scraping.value("sum(emc_dossiers_open)") == 105
            for channel, figure in CHANNELS.items():
                by = f'sum(emc_dossiers_accepted_credit_total{{channel="{channel}"}})'
                assert await scraping.value(by) == figure
        finally:
            await asyncio.to_thread(serve.stop)
