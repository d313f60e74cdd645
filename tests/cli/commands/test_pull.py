import hashlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.commands import download
from cli.main import app
from genart_core.errors import GenartError, UnknownModelError
from genart_core.nn.features import load_network
from genart_core.public import PUBLIC
from genart_core.weights import find_model
from tests.support.public import Offer, serving, write_state
from tests.support.waiting import wait_for

NAME = "googlenet"
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_state(tmp_path_factory.mktemp("state") / PUBLIC[NAME].file, NAME)


@pytest.fixture
def offer(state: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """A server that offers the file, which the catalogue knows by its digest."""
    data = state.read_bytes()
    known = replace(PUBLIC[NAME], sha256=hashlib.sha256(data).hexdigest(), megabytes=1)
    monkeypatch.setitem(PUBLIC, NAME, known)
    monkeypatch.setenv("GENART_HOME", str(home))
    monkeypatch.setattr(download, "FIRST_PAUSE_SECONDS", 0.0)
    with serving() as offer:
        offer.files[known.file] = data
        yield offer


def pull(offer: Offer, *options: str) -> Result:
    return CliRunner().invoke(app, ["models", "pull", NAME, "--mirror", offer.url, *options])


def models(*command: str) -> Result:
    return CliRunner().invoke(app, ["models", *command], env={"COLUMNS": "200"})


def target(home: Path) -> Path:
    return home / "models" / "features" / f"{NAME}.safetensors"


def part(home: Path) -> Path:
    return home / "downloads" / f"{PUBLIC[NAME].file}.part"


def test_a_pulled_network_can_be_used_by_its_name(offer: Offer, home: Path) -> None:
    done = pull(offer)

    assert done.exit_code == 0, done.output
    assert "sha256 is right" in done.output
    network = load_network(find_model("features", NAME, home).path, "cpu")
    assert network.layers["inception4c"].stride == 16
    assert list((home / "downloads").iterdir()) == []


def test_the_list_tells_what_isnt_here(offer: Offer) -> None:
    assert re.search(rf"features +{NAME} +1\.0 +not pulled", models("list").output)

    pull(offer)

    assert re.search(rf"features +{NAME} .+ home ", models("list").output)
    assert re.search(r"features +vgg19 +575\.0 +not pulled", models("list").output)


def test_show_tells_the_command_then_the_layers(offer: Offer) -> None:
    missing = models("show", NAME)
    assert isinstance(missing.exception, GenartError)
    assert f"genart models pull {NAME}" in str(missing.exception)

    pull(offer)

    assert '"inception3a"' in models("show", NAME).output


def test_a_broken_line_is_taken_up_again(offer: Offer, home: Path) -> None:
    size = len(offer.files[PUBLIC[NAME].file])
    offer.cut_after = [size // 3, size // 3]

    done = pull(offer)

    assert done.exit_code == 0, done.output
    starts = [int(wanted[6:-1]) if wanted else 0 for wanted in offer.ranges]
    assert starts == [0, size // 3, 2 * (size // 3)]
    assert find_model("features", NAME, home)


def test_the_next_day_goes_on_where_the_last_one_stopped(offer: Offer, home: Path) -> None:
    data = offer.files[PUBLIC[NAME].file]
    part(home).parent.mkdir(parents=True)
    part(home).write_bytes(data[:1000])

    assert pull(offer).exit_code == 0
    assert offer.ranges == ["bytes=1000-"]


def test_a_file_that_is_whole_already_is_not_fetched_again(offer: Offer, home: Path) -> None:
    part(home).parent.mkdir(parents=True)
    part(home).write_bytes(offer.files[PUBLIC[NAME].file])

    assert pull(offer).exit_code == 0
    assert find_model("features", NAME, home)


def test_a_server_without_ranges_starts_anew(offer: Offer, home: Path) -> None:
    offer.honours_ranges = False
    part(home).parent.mkdir(parents=True)
    part(home).write_bytes(b"x" * 1000)

    assert pull(offer).exit_code == 0


def test_wrong_bytes_are_refused_and_forgotten(offer: Offer, home: Path) -> None:
    good = offer.files[PUBLIC[NAME].file]
    offer.files[PUBLIC[NAME].file] = good[:-1] + b"?"

    done = pull(offer)

    assert done.exit_code == 1
    assert "its sha256 is" in str(done.exception)
    assert not target(home).exists()
    assert not part(home).exists()
    offer.files[PUBLIC[NAME].file] = good
    assert pull(offer).exit_code == 0


def test_a_busy_server_is_asked_again(offer: Offer) -> None:
    offer.status = [503, 429, 500]

    assert pull(offer).exit_code == 0
    assert len(offer.ranges) == 4


def test_a_line_that_stays_broken_is_told(offer: Offer, home: Path) -> None:
    offer.cut_after = [1000] + [0] * 10

    done = pull(offer)

    assert done.exit_code == 1
    assert "the same command goes on from there" in str(done.exception)
    assert part(home).stat().st_size == 1000


def test_a_missing_file_is_told_at_once(offer: Offer) -> None:
    offer.files.clear()

    assert "404" in str(pull(offer).exception)
    assert len(offer.ranges) == 1


@pytest.mark.parametrize("url", ["http://example.org/models", "ftp://127.0.0.1", "file:///etc"])
def test_only_https_is_trusted_beyond_the_machine(offer: Offer, url: str) -> None:
    done = CliRunner().invoke(app, ["models", "pull", NAME, "--mirror", url])

    assert "is not https" in str(done.exception)


def test_a_redirect_to_an_open_line_is_refused(offer: Offer) -> None:
    with serving() as other:
        offer.redirect = other.url.replace("127.0.0.1", "127.0.0.2") + "/" + PUBLIC[NAME].file
        done = pull(offer)

    assert done.exit_code == 1
    assert not other.files


def test_a_file_at_hand_is_taken_and_kept(offer: Offer, home: Path, state: Path) -> None:
    done = pull(offer, "--from", str(state))

    assert done.exit_code == 0, done.output
    assert offer.ranges == []
    assert state.exists()
    assert find_model("features", NAME, home)


def test_a_wrong_file_at_hand_is_refused_and_kept(offer: Offer, tmp_path: Path) -> None:
    wrong = tmp_path / "vgg.part"
    wrong.write_bytes(b"something else")

    assert "its sha256 is" in str(pull(offer, "--from", str(wrong)).exception)
    assert wrong.exists()


def test_what_is_here_is_not_pulled_again(offer: Offer) -> None:
    pull(offer)
    asked = len(offer.ranges)

    assert "here already" in pull(offer).output
    assert len(offer.ranges) == asked


def test_a_damaged_one_is_pulled_again(offer: Offer, home: Path) -> None:
    target(home).parent.mkdir(parents=True)
    target(home).write_bytes(b"half a file")

    assert pull(offer).exit_code == 0
    assert load_network(target(home), "cpu").layers


def test_an_unknown_name_is_told_with_the_known_ones(offer: Offer) -> None:
    done = models("pull", "resnet50")

    assert isinstance(done.exception, UnknownModelError)
    assert "vgg19" in str(done.exception)


def test_a_full_disk_is_told_before(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PUBLIC, NAME, replace(PUBLIC[NAME], megabytes=10**12))

    assert "MB are free" in str(pull(offer).exception)
    assert offer.ranges == []


def test_a_stop_keeps_what_came(offer: Offer, home: Path) -> None:
    data = offer.files[PUBLIC[NAME].file]
    offer.cut_after = [len(data) // 2]
    offer.pause.set()
    process = in_process(offer, home)
    assert offer.is_paused.wait(60)
    wait_for(lambda: part(home).exists() and part(home).stat().st_size, 60, "bytes on the disk")

    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]

    assert process.returncode == 130, said
    assert "the same command goes on" in said
    assert not target(home).exists()
    offer.pause.clear()
    kept = part(home).stat().st_size
    assert pull(offer).exit_code == 0
    assert offer.ranges[-1] == f"bytes={kept}-"


def test_two_at_once_dont_mix_their_bytes(offer: Offer, home: Path) -> None:
    offer.cut_after = [1000]
    offer.pause.set()
    process = in_process(offer, home)
    assert offer.is_paused.wait(60)

    assert "being pulled already" in str(pull(offer).exception)

    process.kill()
    process.communicate()


def in_process(offer: Offer, home: Path) -> subprocess.Popen[str]:
    """Start the command in a process of its own, which knows the test's file."""
    program = (
        "from dataclasses import replace\n"
        "import signal, cli.main\n"
        "from genart_core.public import PUBLIC\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"PUBLIC[{NAME!r}] = replace(\n"
        f"    PUBLIC[{NAME!r}], sha256={PUBLIC[NAME].sha256!r}, megabytes=1\n"
        ")\n"
        "cli.main.main()\n"
    )
    command = [sys.executable, "-c", program, "models", "pull", NAME, "--mirror", offer.url]
    environment = {**os.environ, "GENART_HOME": str(home)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
