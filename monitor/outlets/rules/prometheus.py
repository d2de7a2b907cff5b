"""What Prometheus scrapes and probes. Addresses lie beside it, in targets/*.yml, and are a site's own."""

from typing import Any, Final

from monitor.reference.alerts import AlertsFile

# Jobs, and what serves them. Every process is scraped by itself: behind a balancer one would get
# the counters of another.
JOBS: Final = {
    "emc-ledger": "serve",
    "emc-worker": "worker",
    "emc-ingest": "ingest",
    "emc-gateway": "gateway",
}
PROBED: Final = ("portals", "interfaces")
PROBE_SECONDS: Final = 30


def prometheus(said: AlertsFile) -> dict[str, Any]:
    """prometheus.yml."""
    every = f"{said.monitor.scrape_seconds}s"
    return {
        "global": {
            "scrape_interval": every,
            "evaluation_interval": every,
            "external_labels": {"monitor": "emc"},
        },
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"file_sd_configs": _targets("alertmanager")}]},
        "scrape_configs": [
            *(
                {"job_name": job, "file_sd_configs": _targets(name)}
                for job, name in JOBS.items()
            ),
            *(_probe(name, said.blackbox) for name in PROBED),
        ],
    }


def blackbox() -> dict[str, Any]:
    """blackbox.yml: how addresses are probed. A target's label __param_module chooses."""
    http: dict[str, Any] = {
        "preferred_ip_protocol": "ip4",
        "follow_redirects": True,
        "fail_if_not_ssl": True,
    }
    return {
        "modules": {
            "https": {"prober": "http", "timeout": "10s", "http": http},
            # Whoever asks without a token is told so: that is an answer.
            "https_guarded": {
                "prober": "http",
                "timeout": "10s",
                "http": {**http, "valid_status_codes": [200, 401, 403]},
            },
            "http": {
                "prober": "http",
                "timeout": "10s",
                "http": {"preferred_ip_protocol": "ip4", "follow_redirects": True},
            },
            "tcp": {"prober": "tcp", "timeout": "5s"},
        }
    }


def _targets(name: str) -> list[dict[str, Any]]:
    return [{"files": [f"targets/{name}.yml"]}]


def _probe(name: str, exporter: str) -> dict[str, Any]:
    """Asks the exporter about each target; the target's address is the instance."""
    return {
        "job_name": f"emc-{name}",
        "metrics_path": "/probe",
        "scrape_interval": f"{PROBE_SECONDS}s",
        "scrape_timeout": "15s",
        "params": {"module": ["https"]},
        "file_sd_configs": _targets(name),
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            # What is not named is probed as a whole.
            {
                "source_labels": ["interface"],
                "regex": "",
                "target_label": "interface",
                "replacement": "/",
            },
            {"target_label": "__address__", "replacement": exporter},
        ],
    }
