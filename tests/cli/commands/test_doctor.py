"""`genart doctor`: what it says of a place that is well, and of one that is not."""

import json
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import torch
from redis import Redis

from cli.checking.means import look_at_device, look_at_models, look_at_native
from cli.checking.place import room
from cli.host.machine import Machine
from genart_core import weights
from genart_core.native.build import STEP, WINOGRAD, BuildError, build
from genart_core.settings import CoreSettings
from tests.cli.calling import Run, caller
from tests.support.gateway import place_model
from tests.support.up import GenartUp
from tests.support.weights import place_weights
from worker.settings import WorkerSettings

Findings = dict[str, Any]
Examine = Callable[..., tuple[int, Findings]]


@pytest.fixture
def call(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    return caller(capsys, GENART_HOME=str(home), GENART_DEVICE="cpu", GENART_PORT="0")


@pytest.fixture
def examine(call: Run) -> Examine:
    """Runs the command; returns its exit code and the last finding by each name."""

    def examine(**settings: str) -> tuple[int, Findings]:
        done = call("doctor", "--json", **settings)
        found = json.loads(done.stdout)
        assert found["ok"] == (done.code == 0)
        findings: Findings = {}
        for check in found["checks"]:
            if findings.get(check["name"], {}).get("state") != "broken":
                findings[check["name"]] = check
        return done.code, findings

    return examine


def test_a_place_that_is_well_has_nothing_broken(examine: Examine, home: Path) -> None:
    code, found = examine()

    assert code == 0
    names = ("home", "disk", "port", "redis", "files", "kinds", "models", "native", "device")
    assert set(found) == {*names, "memory", "dtype"}
    assert found["device"]["detail"].startswith("cpu, CPU (")
    assert found["dtype"]["detail"].split()[0] in ("float32", "bfloat16")
    assert "embedded" in found["redis"]["detail"]
    assert not home.exists(), "looking makes nothing"


def test_each_finding_is_a_line(call: Run) -> None:
    lines = call("doctor", GENART_BLOB_URL="nowhere://x").stdout.splitlines()

    (wrong,) = (line for line in lines if line.startswith("broken"))
    assert wrong.startswith("broken files    nowhere://x: Protocol not known: nowhere; set GENART_")
    assert all(line.split()[0] in ("ok", "note", "broken") for line in lines)


@pytest.mark.parametrize(
    ("settings", "name", "said", "remedy"),
    [
        ({"REDIS_URL": "redis://127.0.0.1:1"}, "redis", "No use of REDIS_URL=redis://", "start it"),
        ({"GENART_DEVICE": "mps"}, "device", "GENART_DEVICE=mps, but", "GENART_DEVICE=auto"),
        ({"GENART_BLOB_URL": "nowhere://x"}, "files", "nowhere://x: Protocol", "GENART_BLOB_URL"),
        ({"GENART_EXTRA_ARTS": "none"}, "kinds", "No module named 'none'", "GENART_EXTRA_ARTS"),
        ({"GENART_PORT": "x"}, "settings", "GENART_PORT=x: Input should be", "settings.md"),
        ({"GENART_HOME": "/dev/null"}, "home", "/dev/null is no folder", "set GENART_HOME"),
        ({"GENART_HOME": "/dev/null/x"}, "home", "/dev/null is no folder", "set GENART_HOME"),
    ],
)
def test_what_is_broken_is_told_with_how_to_mend_it(
    settings: dict[str, str], name: str, said: str, remedy: str, examine: Examine
) -> None:
    code, found = examine(**settings)

    assert (code, found[name]["state"]) == (1, "broken")
    assert found[name]["detail"].startswith(said)
    assert remedy in found[name]["remedy"]


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second disk")
def test_files_on_a_disk_of_their_own_need_room_there(call: Run) -> None:
    done = call("doctor", "--json", GENART_BLOB_URL="file:///dev/shm/genart/blobs")

    disks = [c["detail"] for c in json.loads(done.stdout)["checks"] if c["name"] == "disk"]
    assert [detail.rpartition("free")[2] for detail in disks] == ["", " for files"]


def test_a_misspelt_setting_is_noted_with_the_one_that_is_meant(examine: Examine) -> None:
    code, found = examine(GENART_PROT="8080")

    assert (code, found["settings"]["state"]) == (0, "note")
    assert found["settings"]["detail"].endswith("does nothing; is GENART_PORT meant?")


def test_a_taken_port_is_broken_unless_genart_has_it(examine: Examine, service: GenartUp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, found = examine(GENART_PORT=str(other.getsockname()[1]))
    assert (code, found["port"]["state"]) == (1, "broken")

    port = urlsplit(service.url).port
    code, found = examine(GENART_PORT=str(port))
    assert (code, found["port"]["detail"]) == (0, f"127.0.0.1:{port}, where a genart serves")


@pytest.mark.skipif(sys.platform != "linux", reason="GenartUp reads /proc")
def test_a_running_services_redis_is_seen(examine: Examine, service: GenartUp) -> None:
    _, found = examine(GENART_HOME=str(service.home))

    assert found["redis"]["detail"].endswith("it runs for this home")


def test_a_redis_that_throws_away_is_broken(examine: Examine, redis: Redis, redis_url: str) -> None:
    before = str(redis.config_get("maxmemory-policy")["maxmemory-policy"])
    try:
        redis.config_set("maxmemory-policy", "allkeys-lru")
        code, found = examine(REDIS_URL=redis_url)
    finally:
        redis.config_set("maxmemory-policy", before)

    assert (code, found["redis"]["state"]) == (1, "broken")
    assert found["redis"]["remedy"] == "CONFIG SET maxmemory-policy noeviction"


def test_a_damaged_model_of_ones_own_is_broken(examine: Examine, home: Path) -> None:
    place_model(home, "whole")
    place_weights(home, "cut")
    (home / "models" / "test" / "cut.safetensors").write_bytes(b"x")
    code, found = examine()

    assert (code, found["models"]["state"]) == (1, "broken")
    assert "cut.safetensors is not a safetensors file" in found["models"]["detail"]


def test_a_model_of_ones_own_that_one_which_ships_hides_is_noted(home: Path) -> None:
    file = place_model(home, "tales")

    first, second = look_at_models(CoreSettings(home=home))

    assert (first.state, second.state) == ("ok", "note")
    assert second.detail.startswith(f"{file} is hidden by text/tales, which ships")


def test_weights_that_ship_are_checked(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "weights"
    shutil.copytree(weights.SHIPPED, copy)
    monkeypatch.setattr(weights, "SHIPPED", copy)
    (copy / "text" / "nietzsche.safetensors").unlink()
    with (copy / "text" / "tales.safetensors").open("ab") as file:
        file.write(b"x")

    found = [*look_at_models(CoreSettings(home=home))]

    assert {finding.state for finding in found} == {"broken"}
    first, second = sorted(finding.detail for finding in found)
    assert first.startswith("tales.safetensors is not the file that ships")
    assert second == "text/nietzsche.safetensors is missing"


def test_what_is_compiled_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*, native: bool) -> list[str]:
        found = look_at_native(CoreSettings(home=home, native=native))
        return [f"{each.state}: {each.detail}" for each in found]

    assert look(native=False) == ["note: off; texts and pictures come more slowly"]
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        patch.delenv("CC", raising=False)
        assert look(native=True) == [
            "note: steps of text: no C compiler; texts come more slowly",
            "note: convolutions: no C compiler; pictures come more slowly",
        ]
    try:
        paths = [build(source, home / "native") for source in (STEP, WINOGRAD)]
    except BuildError:
        return  # no compiler: the two above are all there is
    steps, convolutions = look(native=True)
    assert steps in (
        f"ok: steps of text: {paths[0]}",
        "note: steps of text: not used, as this CPU has no AVX-512 VNNI; texts come more slowly",
    )
    assert convolutions in (
        f"ok: convolutions: {paths[1]}",
        "note: convolutions: not used, as this CPU has neither AVX-512 nor AVX2; pictures come "
        "more slowly",
    )


def test_gpus_that_torch_does_not_see_are_told() -> None:
    if torch.cuda.is_available():
        pytest.skip("torch sees the GPUs of this machine")
    (found,) = look_at_device(WorkerSettings(), Machine(gpus=("GPU-a", "GPU-b")))

    assert (found.state, found.detail) == ("broken", "2 GPUs are there, but torch sees none")


@pytest.mark.parametrize(("free", "state"), [(10**8, "broken"), (10**9, "note"), (10**10, "ok")])
def test_little_room_is_told(free: int, state: str) -> None:
    assert room(free, "make room").state == state
