"""`genart keys`, beside a running service and without one; and the door that stays shut."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from redis import Redis
from typer.testing import CliRunner, Result

from api.outgoing.webhook_signature import parse_secret
from cli.errors import CommandError
from cli.host.embedded import socket_path
from cli.main import app
from genart_core.jobs import access
from genart_core.jobs.access import Key
from genart_core.jobs.caller import Limits
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run
from tests.cli.running import environment, genart, running
from tests.support.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


class Call(Protocol):
    """Runs `genart keys` in this process; a mistake of its user comes back as what was said."""

    def __call__(self, *words: str) -> Result: ...


@pytest.fixture
def call(home: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("GENART_HOME", str(home))
    monkeypatch.delenv("REDIS_URL", raising=False)

    def call(*words: str) -> Result:
        return CliRunner().invoke(app, ["keys", *words])

    return call


@pytest.fixture
def url(redis: Redis, redis_url: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Redis that the command is told of."""
    monkeypatch.setenv("REDIS_URL", f"{redis_url}?db=1")
    return f"{redis_url}?db=1"


def test_a_key_is_shown_once_and_known_by_its_id_and_name(home: Path, call: Call) -> None:
    made = call("create", "--name", "ci [red]")
    listed = call("list")

    key = made.stdout.strip()
    assert re.fullmatch(r"genart_[0-9a-hjkmnp-tv-z]{40}", key)
    assert "ci [red]" in listed.stdout
    assert key not in made.stderr + listed.output
    assert not socket_path(home.resolve()).exists(), "the Redis that it woke sleeps again"

    assert call("revoke", "ci [red]").exit_code == 0
    assert "ci" not in call("list").stdout


def test_keys_are_those_of_the_redis_that_is_given(home: Path, url: str, call: Call) -> None:
    key = call("create").stdout.strip()
    with connect(url) as database:
        keys = run(database, access.read_keys()).keys or {}

    assert access.digest_of(key.encode()) in keys
    assert not home.exists()


def test_a_keys_limits_are_kept_and_listed(url: str, call: Call) -> None:
    call("create", "--weight", "2.5", "--submits-per-minute", "60", "--queue-bytes", "0")
    call("create", "--name", "plain")
    with connect(url) as database:
        keys = {key.name: key for key in (run(database, access.read_keys()).keys or {}).values()}

    own, plain = keys[""], keys["plain"]
    base = Limits(active_per_client=7, ready=9, deadline_ms=1, bytes_per_client=5)
    assert plain.limits(base) == base
    narrow = replace(base, bytes_per_client=0, submits_per_minute=60, weight=2.5)
    assert own.limits(base) == narrow
    assert " 2.5 " in call("list").stdout


def test_a_key_has_a_secret_of_its_own_and_at_most_one_before_it(url: str, call: Call) -> None:
    call("create", "--name", "a")

    def kept() -> tuple[str, ...]:
        with connect(url) as database:
            (key,) = (run(database, access.read_keys()).keys or {}).values()
        return key.webhook_secrets

    assert isinstance(call("secret", "a", "--alone").exception, CommandError)
    first, second, third = (call("secret", "a").stdout.strip() for _ in range(3))

    assert len({first, second, third}) == 3
    assert all(len(parse_secret(secret)) == 32 for secret in (first, second, third))
    assert kept() == (third, second)
    alone = call("secret", "a", "--alone")
    assert kept() == (third,)
    assert third not in alone.output + call("list").output


def test_the_first_key_is_made_and_shown_once(url: str, call: Call, tmp_path: Path) -> None:
    file = tmp_path / "first"
    first, again = (call("first", "--file", str(file)) for _ in range(2))
    with connect(url) as database:
        keys = run(database, access.read_keys()).keys or {}

    key = first.stdout.strip()
    assert [*keys] == [access.digest_of(key.encode())]
    assert file.read_text().strip() == key
    assert file.stat().st_mode & 0o777 == 0o640
    assert (again.exit_code, again.stdout) == (0, "")


def test_a_first_key_that_is_given_is_taken_and_not_shown(
    url: str, call: Call, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{access.new_key()}\n")
    made = call("first", "--file", str(file))
    with connect(url) as database:
        keys = run(database, access.read_keys()).keys or {}

    assert access.digest_of(file.read_text().strip().encode()) in keys
    assert made.stdout == ""


def test_a_first_key_that_was_revoked_stays_so(url: str, call: Call, tmp_path: Path) -> None:
    words = ("first", "--file", str(tmp_path / "first"))
    call(*words)
    call("revoke", "first")
    again = call(*words)

    assert again.exit_code == 0
    with connect(url) as database:
        assert not run(database, access.read_keys()).keys


@pytest.mark.parametrize("held", ["", "genart_short", "genart_" + "u" * 40, "x" * 47])
def test_a_file_that_holds_no_key_makes_none(
    url: str, call: Call, tmp_path: Path, held: str
) -> None:
    file = tmp_path / "first"
    file.write_text(held)

    assert isinstance(call("first", "--file", str(file)).exception, CommandError)
    with connect(url) as database:
        assert not run(database, access.read_keys()).version


def test_of_two_first_keys_made_at_once_one_is_kept(redis: Redis) -> None:
    keys = [Key(access.new_key_id(), "first", 1) for _ in range(2)]

    assert run(redis, access.create_first_key("a" * 64, keys[0])) is True
    assert run(redis, access.create_first_key("a" * 64, keys[0])) is True, "its reply was lost"
    assert run(redis, access.create_first_key("b" * 64, keys[1])) is False
    assert [*(run(redis, access.read_keys()).keys or {})] == ["a" * 64]


@pytest.mark.parametrize("word", ["nobody", "genart_x", ""])
def test_an_unknown_key_is_not_revoked(url: str, call: Call, word: str) -> None:
    call("create", "--name", "a")
    done = call("revoke", word)

    assert isinstance(done.exception, CommandError)
    assert f"There is no key {word!r}" in str(done.exception)


def test_two_keys_of_one_name_are_told_apart(url: str, call: Call) -> None:
    for _ in range(2):
        call("create", "--name", "twin")
    done = call("revoke", "twin")

    assert isinstance(done.exception, CommandError)
    assert "ambiguous" in str(done.exception)


@pytest.mark.parametrize("name", ["x" * 101, "a\nb", "\x1b[31m"])
def test_a_name_is_short_and_printable(url: str, call: Call, name: str) -> None:
    assert isinstance(call("create", "--name", name).exception, CommandError)
    with connect(url) as database:
        assert not run(database, access.read_keys()).keys


def test_a_running_service_learns_of_a_key_and_of_its_end(home: Path, call: Call) -> None:
    home.mkdir()
    with running(home) as up:
        assert up.call("GET", "/v1/jobs").status == 200
        key = call("create", "--name", "a").stdout.strip()
        with_key = {"Authorization": f"Bearer {key}"}

        def is_refused(**headers: str) -> bool:
            return up.call("GET", "/v1/jobs", **headers).status == 401

        assert not is_refused(**with_key)
        wait_for(is_refused, 30, "it wants a key now")
        call("revoke", "a")
        wait_for(lambda: is_refused(**with_key), 30, "the key is refused")
        assert key not in up.log.read_text()


@pytest.mark.parametrize("word", ["up", "api"])
def test_the_service_does_not_open_to_others_without_a_key(
    home: Path, redis: Redis, redis_url: str, word: str
) -> None:
    env = environment(home) | {"REDIS_URL": "" if word == "up" else f"{redis_url}?db=1"}
    command = genart(word, "--host", "0.0.0.0")
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert done.stderr.startswith("genart: GENART_HOST=0.0.0.0 can be reached by others")
    assert "genart keys create" in done.stderr
    assert "GENART_ACCESS=open" in done.stderr
