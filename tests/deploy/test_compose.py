"""The compose files: hardened, with settings that exist and times that fit."""

import re
from typing import Any

import pytest

from api.settings import ApiSettings
from cli.reference import SECTIONS
from cli.settings import UpSettings
from tests.deploy.manifests import ROOT, read, seconds
from worker.settings import WorkerSettings

COMPOSE = read(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PLAIN = {"REDIS_URL", "CUDA_CACHE_PATH"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"memory", "pids"} <= service["deploy"]["resources"]["limits"].keys()
    assert service["restart"].startswith(("unless-stopped", "on-failure"))


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_built_here_or_has_a_version(name: str) -> None:
    service = SERVICES[name]

    assert "build" in service or re.search(r":v?\d+\.\d+", service["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_watched(name: str) -> None:
    assert "healthcheck" in SERVICES[name] or "build" in SERVICES[name]  # then the image has one


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_published_is_published_on_loopback(name: str) -> None:
    for port in SERVICES[name].get("ports", ()):
        assert port.startswith(("127.0.0.1:", "${GENART_PUBLISH:-127.0.0.1:"))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("key", [ApiSettings, WorkerSettings]),
        ("api", [ApiSettings]),
        ("worker", [WorkerSettings, UpSettings]),
    ],
)
def test_a_variable_is_a_setting_of_what_is_run(name: str, settings: list[Any]) -> None:
    known = {f"GENART_{field.upper()}" for kind in settings for field in kind.model_fields}

    assert SERVICES[name]["environment"].keys() <= known | PLAIN


def test_variables_named_in_comments_and_values_are_settings() -> None:
    known = {f"GENART_{field.upper()}" for _, kind in SECTIONS for field in kind.model_fields}
    named = set(re.findall(r"GENART_[A-Z_]+", (ROOT / "docker-compose.yml").read_text()))

    assert named - known == {"GENART_PUBLISH"}


def test_workers_and_gateway_are_given_the_time_they_take_to_leave() -> None:
    worker = seconds(SERVICES["worker"]["stop_grace_period"].split(":-")[1].removesuffix("}"))
    api = seconds(SERVICES["api"]["stop_grace_period"])

    assert worker >= WorkerSettings.model_fields["drain_seconds"].default + 5
    assert api >= ApiSettings.model_fields["shutdown_seconds"].default + 5


def test_redis_keeps_what_it_was_told_and_is_on_the_inner_network_alone() -> None:
    redis = SERVICES["redis"]

    assert "--appendonly yes" in redis["command"]
    assert "--maxmemory-policy noeviction" in redis["command"]
    assert redis["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert "ports" not in redis


def test_the_gateway_starts_when_the_first_key_is_made_and_wants_it() -> None:
    api, key = SERVICES["api"], SERVICES["key"]

    assert key["command"] == ["keys", "first", "--file", "/keys/first"]
    assert api["depends_on"]["key"] == {"condition": "service_completed_successfully"}
    assert api["environment"]["GENART_ACCESS"] == "${GENART_ACCESS:-keys}"
    assert "keys:/keys" not in api["volumes"], "it has no business with the key itself"


def test_without_a_gpu_none_is_reserved() -> None:
    over = read(ROOT / "docker-compose.cpu.yml")["services"]

    assert over["worker"]["deploy"]["resources"]["reservations"]["devices"] == []
    assert over["worker"]["environment"] == {"GENART_DEVICE": "cpu"}


def test_files_and_volumes_that_are_mounted_are_there() -> None:
    mounts = [v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", ())]

    assert {m for m in mounts if not m.startswith("./")} == COMPOSE["volumes"].keys()
    assert [m for m in mounts if m.startswith("./") and not (ROOT / m).is_dir()] == []


def test_prometheus_reads_the_first_key_in_the_group_that_may() -> None:
    prometheus = SERVICES["prometheus"]
    scrape = read(ROOT / "deploy" / "prometheus" / "prometheus.yml")["scrape_configs"][0]

    assert scrape["authorization"]["credentials_file"] == SERVICES["key"]["command"][-1]
    assert "keys:/keys:ro" in prometheus["volumes"]
    group = prometheus["user"].partition(":")[2]
    assert f"--gid {group} genart" in (ROOT / "Dockerfile").read_text()
