"""What is shipped to deploy with is what its readers take, and keeps the promises of its pages."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from agents.alive import ADDRESSES
from agents.settings import Settings
from agents.settings_check import check
from agents.variables import variables
from tests.servers.require import ROOT, require, require_deploy_tool

DEPLOY: Final = ROOT / "deploy"
KUBERNETES: Final = "1.34"
OVERLAYS: Final = ("production", "evaluation")
UNITS: Final = sorted((DEPLOY / "systemd").glob("*.service"))
TIMERS: Final = sorted((DEPLOY / "systemd").glob("*.timer"))
OURS: Final = (
    "worker-1",
    "worker-2",
    "ingest",
    "gateway",
    "serve",
    "topics",
    "migrate",
    "admin",
    "reconcile",
    "digest",
)
# Of whom nobody here has an engine to try it without: both write their settings when they start.
WRITES: Final = ("kafka1", "kafka2", "kafka3")
SETTINGS: Final = {
    name
    for one in variables(Settings)
    for name in (one.name, one.file if one.hidden else one.name)
}


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


# --- image ------------------------------------------------------------------------------------------


def test_a_linter_has_nothing_to_say_of_the_image() -> None:
    assert run(require_deploy_tool("hadolint"), "deploy/container/Dockerfile") == ""


def test_the_image_runs_as_nobody_and_leaves_its_compiler_behind() -> None:
    _, _, last = (DEPLOY / "container" / "Dockerfile").read_text().rpartition("\nFROM ")

    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "apt-get" not in last
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)
    ports = {str(Settings.__dataclass_fields__[name].default) for name in PORTS}
    assert set(re.findall(r"\d+", re.findall(r"^EXPOSE (.*)$", last, re.MULTILINE)[0])) == ports


PORTS: Final = (
    "serve_port",
    "gateway_port",
    "worker_metrics_port",
    "gateway_metrics_port",
    "ingest_metrics_port",
)


def test_the_health_check_asks_where_processes_answer_by_default() -> None:
    for variable, port, _ in ADDRESSES:
        assert (
            Settings.__dataclass_fields__[variable.removeprefix("EMC_").lower()].default == port
        )


@pytest.mark.parametrize(
    "page", ["deploy-compose", "deploy-systemd", "deploy-kubernetes", "back-up", "upgrade"]
)
def test_the_first_command_is_on_the_first_screen(page: str) -> None:
    title, *lines = (ROOT / "docs" / "how-to" / f"{page}.md").read_text().splitlines()

    assert title.startswith("# ")
    assert lines[1] == "```sh"


# --- compose ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    """As compose understands it, all profiles included."""
    file = str(DEPLOY / "compose" / "compose.yml")
    tool = require_deploy_tool("docker-compose")
    shown = run(tool, "--file", file, "--profile", "*", "config", "--format", "json")
    found: dict[str, Any] = json.loads(shown)
    return found


def test_compose_starts_the_whole_service(composed: dict[str, Any]) -> None:
    assert {*composed["services"]} == {
        *OURS,
        *WRITES,
        *("postgresql", "roles", "prometheus", "alertmanager", "blackbox", "grafana"),
    }


def test_every_service_of_compose_is_held_to_little(composed: dict[str, Any]) -> None:
    lax = []
    for name, service in composed["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        if not (limits["memory"] and limits["cpus"]):
            lax.append(f"{name}: no limits")
        if service["cap_drop"] != ["ALL"] or service["security_opt"] != [
            "no-new-privileges:true"
        ]:
            lax.append(f"{name}: may become more than it is")
        if name not in WRITES and not (service.get("read_only") and service.get("user")):
            lax.append(f"{name}: writes its image, or is root")
        image = service["image"]
        if ":" not in image or image.endswith(":latest"):
            lax.append(f"{name}: {image} is not pinned")
        once = service.get("restart") == "no"
        watched = "test" in service.get("healthcheck", {})
        if once == watched:
            lax.append(f"{name}: runs on and nobody looks, or once and somebody does")
    assert lax == []


def test_nothing_of_compose_waits_for_what_does_not_tell(composed: dict[str, Any]) -> None:
    services = composed["services"]

    for name, service in services.items():
        for on, how in service.get("depends_on", {}).items():
            once = services[on].get("restart") == "no"
            wanted = "service_completed_successfully" if once else "service_healthy"
            assert how["condition"] == wanted, f"{name} waits for {on}"


def test_only_the_gateway_can_be_called_from_elsewhere(composed: dict[str, Any]) -> None:
    published = {
        name: [port["host_ip"] for port in service.get("ports", [])]
        for name, service in composed["services"].items()
    }

    assert {name for name, hosts in published.items() if set(hosts) - {"127.0.0.1"}} == set()
    inside = {"kafka1", "kafka2", "kafka3", "postgresql"}
    assert {name for name in inside if published[name]} == set()
    assert composed["networks"]["inside"]["internal"] is True


def test_compose_sets_what_are_settings_and_names_secrets_that_it_mounts(
    composed: dict[str, Any],
) -> None:
    for name in OURS:
        service = composed["services"][name]
        given = service["environment"]
        assert {variable for variable in given if variable.startswith("EMC_")} <= SETTINGS, name
        mounted = {secret["source"] for secret in service.get("secrets", [])}
        named = {
            value.removeprefix("/run/secrets/")
            for value in given.values()
            if value.startswith("/run/secrets/")
        }
        assert named == mounted, name
    names = [composed["services"][name]["environment"].get("EMC_INSTANCE_ID") for name in OURS]
    assert len({name for name in names if name}) == 3, "each member of a group has its own name"


def test_what_compose_mounts_is_in_the_repository(composed: dict[str, Any]) -> None:
    absent = []
    for service in composed["services"].values():
        for volume in service.get("volumes", []):
            source = Path(volume["source"]) if volume["type"] == "bind" else None
            made = source is not None and "secrets" in source.parts
            if source is not None and not made and not source.exists():
                absent.append(str(source.relative_to(ROOT)))
    assert absent == []


def mounted(composed: dict[str, Any], service: str) -> dict[str, str]:
    """What is bound where in a container."""
    volumes = composed["services"][service]["volumes"]
    return {one["target"]: one["source"] for one in volumes if one["type"] == "bind"}


def test_prometheus_and_alertmanager_take_what_compose_gives_them(
    composed: dict[str, Any], promtool: str
) -> None:
    prometheus = mounted(composed, "prometheus")["/etc/prometheus"]
    run(promtool, "check", "config", f"{prometheus}/prometheus.yml")
    given = mounted(composed, "alertmanager")
    run(require("amtool"), "check-config", given["/etc/alertmanager/alertmanager.yml"])
    asked_for = re.findall(
        r"/etc/alertmanager/secrets/([\w-]+)",
        Path(given["/etc/alertmanager/alertmanager.yml"]).read_text(),
    )
    made = (DEPLOY / "compose" / "prepare").read_text()
    assert {f"made alertmanager/{secret}" in made for secret in asked_for} == {True}


def test_grafana_finds_what_its_provisioning_asks_for(composed: dict[str, Any]) -> None:
    given = mounted(composed, "grafana")
    asked = "".join(
        file.read_text() for file in Path(given["/etc/grafana/provisioning"]).glob("*/*.yml")
    )
    grafana = composed["services"]["grafana"]
    variables = set(re.findall(r"\$(EMC_\w+)", asked))
    secrets = set(re.findall(r"__file\{/run/secrets/(\w+)\}", asked))

    assert len(variables) == 5
    assert variables <= set(grafana["environment"])
    assert secrets == {"grafana_database_password"}
    assert secrets <= {secret["source"] for secret in grafana["secrets"]}
    [path] = re.findall(r"^\s+path: (\S+)$", asked, re.MULTILINE)
    assert list(Path(given[path]).glob("*.json"))
    logins = (DEPLOY / "compose" / "logins.sql").read_text()
    assert f"'{grafana['environment']['EMC_GRAFANA_DATABASE_USER']}'" in logins


def test_every_target_of_compose_is_one_of_its_services(composed: dict[str, Any]) -> None:
    asked = {
        target
        for file in (DEPLOY / "prometheus" / "targets").glob("*.yml")
        for group in yaml.safe_load(file.read_text()) or []
        for target in group["targets"]
    }

    assert {target.partition(":")[0] for target in asked} <= set(composed["services"])
    assert {"worker-1:9101", "worker-2:9101", "ingest:9103", "gateway:9102"} <= asked


def test_what_compose_needs_is_made_once(tmp_path: Path, composed: dict[str, Any]) -> None:
    require("openssl")
    script = tmp_path / "prepare"
    script.write_text((DEPLOY / "compose" / "prepare").read_text())

    first = run("sh", str(script))
    second = run("sh", "-c", 'exec sh "$0" 2>&1', str(script))

    secrets = {secret: Path(said["file"]).name for secret, said in composed["secrets"].items()}
    assert set(secrets.values()) <= {path.name for path in (tmp_path / "secrets").iterdir()}
    assert len(first.splitlines()) == len(secrets) + 3
    assert second == ""
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    key = (tmp_path / "secrets" / "quarantine_key").read_text().strip()
    keys = (tmp_path / "secrets" / "applicant_keys").read_text().strip()
    Settings(applicant_keys=keys).keys()
    settings = tmp_path / "emc.env"
    settings.write_text(
        f"EMC_QUARANTINE_KEY_FILE={tmp_path}/secrets/quarantine_key\n"
        f"EMC_APPLICANT_KEYS_FILE={tmp_path}/secrets/applicant_keys\n"
        f"EMC_GATEWAY_TLS_CERTIFICATE={tmp_path}/secrets/tls/gateway.pem\n"
    )
    assert len(key) == 44
    [alone] = check(settings)
    assert "EMC_GATEWAY_TLS_CERTIFICATE is set alone" in alone


# --- kubernetes -------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=OVERLAYS)
def objects(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """What kustomize makes of an overlay."""
    folder = f"deploy/kubernetes/overlays/{request.param}"
    return list(yaml.safe_load_all(run(require_deploy_tool("kubectl"), "kustomize", folder)))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_knows_every_field(overlay: str, tmp_path: Path) -> None:
    made = run(
        require_deploy_tool("kubectl"), "kustomize", f"deploy/kubernetes/overlays/{overlay}"
    )
    file = tmp_path / "all.yaml"
    file.write_text(made)

    run(require_deploy_tool("kubernetes-validate"), "-k", KUBERNETES, "--strict", str(file))


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    made = {
        found["metadata"]["name"]: found["spec"]["template"]
        for found in objects
        if found["kind"] in ("StatefulSet", "Deployment", "Job")
    }
    return made | {
        found["metadata"]["name"]: found["spec"]["jobTemplate"]["spec"]["template"]
        for found in objects
        if found["kind"] == "CronJob"
    }


ENDS: Final = ("emc-migrate", "emc-topics", "emc-reconcile", "emc-digest")


def test_every_pod_may_do_little_and_is_asked_how_it_fares(
    objects: list[dict[str, Any]],
) -> None:
    found = pods(objects)
    assert {*found} == {*("emc-worker", "emc-ingest", "emc-gateway", "emc-serve", *ENDS)}
    for name, template in found.items():
        spec = template["spec"]
        [container] = spec["containers"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }, name
        assert container["resources"]["limits"]["memory"], name
        if name not in ENDS:
            probes = {
                probe: container[f"{probe}Probe"]["httpGet"]["path"]
                for probe in ("startup", "liveness", "readiness")
            }
            serve = name == "emc-serve"
            healthy, ready = ("/healthz", "/readyz") if serve else ("/-/healthy", "/-/ready")
            assert probes == {"startup": healthy, "liveness": healthy, "readiness": ready}, name


def test_the_ledger_is_held_against_itself_every_night_and_digests_are_made_at_half_past_seven(
    objects: list[dict[str, Any]],
) -> None:
    jobs = {
        found["metadata"]["name"]: (found["spec"]["schedule"], found["spec"]["timeZone"])
        for found in objects
        if found["kind"] == "CronJob"
    }
    timers = {
        timer.stem: re.findall(r"^OnCalendar=(.*)$", timer.read_text(), re.MULTILINE)
        for timer in TIMERS
    }

    assert jobs == {
        "emc-reconcile": ("30 2 * * *", "Asia/Ho_Chi_Minh"),
        "emc-digest": ("30 7 * * *", "Asia/Ho_Chi_Minh"),
    }
    assert timers == {
        "emc-reconcile": ["*-*-* 02:30:00 Asia/Ho_Chi_Minh"],
        "emc-digest": ["*-*-* 07:30:00 Asia/Ho_Chi_Minh"],
    }


def test_every_pod_has_the_secrets_that_it_names(objects: list[dict[str, Any]]) -> None:
    for name, template in pods(objects).items():
        spec = template["spec"]
        [volume] = [one["secret"] for one in spec["volumes"] if one["name"] == "secrets"]
        mounted = {item["path"] for item in volume["items"]}
        [container] = spec["containers"]
        given = {one["name"]: one.get("value", "") for one in container["env"]}
        named = {
            value.removeprefix("/etc/emc/secrets/")
            for value in given.values()
            if value.startswith("/etc/emc/secrets/")
        }
        assert named == mounted, name
        assert set(given) <= SETTINGS, name


def test_settings_of_kubernetes_are_settings(objects: list[dict[str, Any]]) -> None:
    [given] = [
        found["data"]
        for found in objects
        if found["kind"] == "ConfigMap" and found["metadata"]["name"].startswith("emc-settings")
    ]

    assert {name for name in given if name.startswith("EMC_")} <= SETTINGS
    assert {name for name in given if not name.startswith("EMC_")} == {
        "LEDGER_HOST",
        "LEDGER_TLS",
    }
    Settings.from_environment({**given, "EMC_KAFKA_PASSWORD": "x"})


def test_a_drained_node_takes_one_of_each(objects: list[dict[str, Any]]) -> None:
    budgets = {
        found["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]: found["spec"]
        for found in objects
        if found["kind"] == "PodDisruptionBudget"
    }

    assert {*budgets} == {"emc-worker", "emc-ingest", "emc-gateway", "emc-serve"}
    assert {budget["maxUnavailable"] for budget in budgets.values()} == {1}


def test_prometheus_takes_what_finds_the_pods(promtool: str, tmp_path: Path) -> None:
    """Debian builds it without Kubernetes: that one line is left out."""
    found = yaml.safe_load((DEPLOY / "kubernetes" / "prometheus.yml").read_text())
    [job] = found["scrape_configs"]
    assert job.pop("kubernetes_sd_configs") == [
        {"role": "pod", "namespaces": {"names": ["emc"]}}
    ]
    file = tmp_path / "prometheus.json"
    file.write_text(json.dumps(found))

    run(promtool, "check", "config", str(file))


def test_each_pod_that_is_scraped_says_where_in_the_port_that_is_asked(
    objects: list[dict[str, Any]],
) -> None:
    scraped = {}
    for name, template in pods(objects).items():
        said = template["metadata"].get("annotations", {})
        if said.get("prometheus.io/scrape") == "true":
            [container] = template["spec"]["containers"]
            [port] = [one for one in container["ports"] if one["name"] == "metrics"]
            scraped[name] = (str(port["containerPort"]), said["prometheus.io/path"])
            assert said["prometheus.io/port"] == str(port["containerPort"]), name

    assert scraped == {
        "emc-worker": ("9101", "/metrics"),
        "emc-ingest": ("9103", "/metrics"),
        "emc-gateway": ("9102", "/metrics"),
        "emc-serve": ("8080", "/metrics"),
    }


# --- systemd ----------------------------------------------------------------------------------------


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """As they are, but for the program, which nobody has installed here."""
    analyze = require("systemd-analyze")
    for unit in (*UNITS, *TIMERS, DEPLOY / "systemd" / "emc.target"):
        text = unit.read_text().replace("/opt/emc/bin/emc", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    units = [str(tmp_path / unit.name) for unit in (*UNITS, *TIMERS)]

    said = subprocess.run(
        [analyze, "verify", "--man=no", *units, str(tmp_path / "emc.target")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_exposed_to_little(unit: Path) -> None:
    """Exposure as systemd reckons it, from 0 to 10; 2 is what it calls OK."""
    run(
        require("systemd-analyze"),
        *("security", "--offline=true", "--threshold=15", "--no-pager", str(unit)),
    )


def test_units_set_what_are_settings_and_hand_over_the_secrets_that_they_name() -> None:
    assert len(UNITS) == 7
    for unit in UNITS:
        text = unit.read_text()
        given = dict(re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE))
        given.pop("PYTHONDONTWRITEBYTECODE")
        assert set(given) <= SETTINGS, unit.name
        handed = set(re.findall(r"^LoadCredential=(\w+):", text, re.MULTILINE))
        named = {value[3:] for value in given.values() if value.startswith("%d/")}
        assert named == handed, unit.name


def test_the_shipped_settings_of_systemd_are_sound(tmp_path: Path) -> None:
    """But for the files that only a host has."""
    text = (DEPLOY / "systemd" / "emc.env").read_text()
    file = tmp_path / "emc.env"
    file.write_text(re.sub(r"^EMC_(KAFKA_CA|REFERENCE)=.*$", "", text, flags=re.MULTILINE))

    assert [line.partition(": ")[2] for line in check(file)] == [
        (
            "EMC_KAFKA_SECURITY sasl_ssl needs a user and a password:"
            " docs/reference/settings.md says what goes"
        )
    ]


def test_the_shipped_settings_of_compose_are_sound(tmp_path: Path) -> None:
    text = (DEPLOY / "compose" / "emc.env").read_text()
    file = tmp_path / "emc.env"
    shipped = "/opt/emc/share/emc-monitor/reference"
    assert shipped in text
    file.write_text(text.replace(shipped, str(DEPLOY / "reference")))

    assert check(file) == []
