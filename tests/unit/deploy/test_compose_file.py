"""deploy/compose.yaml against the rest of the project: what one of the two says, the other must mean."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.compose import prepare
from deploy.documents import services
from shared.contracts import SERVICES
from shared.run import VERSION

DEPLOY = Path(__file__).parents[3] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
CONTAINERS: dict[str, Any] = COMPOSE["services"]
LONG_RUNNING = [name for name, one in CONTAINERS.items() if one.get("restart") != "no"]
GIVEN_OTHERWISE = {"database_owner_url"}
"""The migrations run in a one-shot that reads the owners' URLs by itself."""


def test_every_service_is_there() -> None:
    assert set(SERVICES) <= set(CONTAINERS)
    for name in SERVICES:
        assert CONTAINERS[name]["command"] == ["python", "-m", f"services.{name}", "serve"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_setting_of_a_service_can_be_set(name: str) -> None:
    told = set(CONTAINERS[name]["environment"])
    for field in set(services()[name].settings.model_fields) - GIVEN_OTHERWISE:
        variable = f"SP_{field.upper()}"
        assert {variable, f"{variable}_FILE"} & told, f"{name} can't be told {variable}"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_set_that_no_service_knows(name: str) -> None:
    known = {f"SP_{field.upper()}" for field in services()[name].settings.model_fields}
    for variable in CONTAINERS[name]["environment"]:
        assert variable.removesuffix("_FILE") in known or variable in known or variable == "SSL_CERT_FILE"


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_is_kept_small_and_harmless(name: str) -> None:
    one = CONTAINERS[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert "mem_limit" in one
    assert "pids_limit" in one
    assert not one.get("privileged")
    if name == "prepare":
        assert one["network_mode"] == "none"
    else:
        assert "cap_add" not in one
        assert str(one.get("user", "10001")).split(":")[0] != "0"


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_whatever_keeps_running_has_a_health_check_and_comes_back(name: str) -> None:
    assert CONTAINERS[name]["healthcheck"]["test"][0] == "CMD"
    assert CONTAINERS[name]["restart"] == "unless-stopped"


def test_every_one_shot_is_waited_for() -> None:
    # `up --wait` takes the end of a container for a failure unless another one waits for it to end well.
    waited_for = {
        name
        for one in CONTAINERS.values()
        for name, how in one.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    started = {name for name, one in CONTAINERS.items() if "tools" not in one.get("profiles", [])}
    assert waited_for == started - set(LONG_RUNNING)


def test_each_container_reads_its_own_folder_alone() -> None:
    for name, one in CONTAINERS.items():
        readers = [mount for mount in one.get("volumes", []) if mount.startswith("for-")]
        if name == "prepare":
            assert {mount.split(":")[0] for mount in readers} == {
                v for v in COMPOSE["volumes"] if v.startswith("for-")
            }
        elif name in {"databases", "broker"}:
            assert readers == ["for-setup:/run/platform:ro"]
        elif name != "mailpit":
            assert readers == [f"for-{name}:/run/platform:ro"]
        assert name == "prepare" or not any(mount.startswith("kept") for mount in one.get("volumes", []))


def test_only_the_doors_are_open() -> None:
    assert {name for name, one in CONTAINERS.items() if "ports" in one} >= {"edge"}
    for name, one in CONTAINERS.items():
        for port in one.get("ports", []):
            assert port.startswith("${SP_BIND:-127.0.0.1}:" if name == "edge" else "127.0.0.1:")
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("postgres", "rabbitmq", "registry", "agreements", "metering", "invoicing"):
        assert CONTAINERS[name]["networks"] == ["inside"]


def test_the_version_is_that_of_the_code() -> None:
    assert CONTAINERS["registry"]["image"] == f"${{SP_IMAGE:-serviceplatform}}:${{SP_VERSION:-{VERSION}}}"
    assert f"ARG VERSION={VERSION}\n" in (DEPLOY / "Dockerfile").read_text()


def test_accounts_agree() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert f"USER {prepare.SERVICE_ACCOUNT}:{prepare.SERVICE_ACCOUNT}\n" in dockerfile
    assert f"USER {prepare.NGINX_ACCOUNT}:{prepare.NGINX_ACCOUNT}\n" in dockerfile
    assert CONTAINERS["postgres"]["user"] == f"{prepare.POSTGRES_ACCOUNT}:{prepare.POSTGRES_ACCOUNT}"
    assert CONTAINERS["rabbitmq"]["user"] == f"{prepare.RABBITMQ_ACCOUNT}:{prepare.RABBITMQ_ACCOUNT}"


def test_the_example_documents_what_must_be_set_and_gives_no_secret() -> None:
    example = (DEPLOY / ".env.example").read_text()
    required = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text()))
    given = dict(line.split("=", 1) for line in example.splitlines() if re.match(r"\w+=", line))
    assert required <= set(given)
    mentioned = set(re.findall(r"^#?(\w+)=", example, re.MULTILINE))
    switches = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    assert switches - mentioned <= {"SP_REVISION"}
    assert not [name for name in mentioned if "PASSWORD" in name and not name.endswith("_FILE")]


PROMETHEUS = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))


def test_prometheus_asks_every_service() -> None:
    jobs = {job["job_name"]: job for job in PROMETHEUS["scrape_configs"]}
    assert set(jobs) == {*SERVICES, "rabbitmq", "rabbitmq-queues"}
    for service in SERVICES:
        assert jobs[service]["scheme"] == "https"
        assert jobs[service]["tls_config"]["server_name"] == service
        assert jobs[service]["dns_sd_configs"][0]["names"] == [service]


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_dashboards_ask_for_what_is_measured(file: Path) -> None:
    services()  # imports every module that measures something
    measured = {
        name
        for family in REGISTRY.collect()
        for name in (family.name, *(f"{family.name}_{end}" for end in ("total", "bucket", "count", "sum")))
    }
    document = json.loads(file.read_text())
    panels = [panel for panel in document["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in document["panels"]}) == len(document["panels"])
    assert panels
    for panel in panels:
        assert panel["description"]
        assert panel["datasource"]["uid"] == "prometheus"
        for target in panel["targets"]:
            for name in re.findall(r"\b((?:sp|process)_[a-z_]+)", target["expr"]):
                assert name in measured, f"{panel['title']} asks for {name}, which nothing measures"
