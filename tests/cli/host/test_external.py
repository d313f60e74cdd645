"""A Redis that somebody else runs is looked at before anything starts."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cli.errors import CommandError, SettingsError
from cli.host import external


def test_a_good_one_is_accepted(redis_url: str) -> None:
    external.check(redis_url)


def test_one_that_is_away_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "_PATIENCE_SECONDS", 0.5)

    with pytest.raises(CommandError) as told:
        external.check("redis://ann:hush@127.0.0.1:1/2")

    assert "REDIS_URL=redis://127.0.0.1:1/2" in str(told.value)
    assert "hush" not in str(told.value)


def test_an_old_one_is_refused() -> None:
    with (
        answering(b"$20\r\nredis_version:6.2.14\r\n") as url,
        pytest.raises(CommandError, match=r"is Redis 6\.2\.14, but >= 7 is needed"),
    ):
        external.check(url)


def test_one_that_wants_a_password_is_not_waited_for() -> None:
    with (
        answering(b"-NOAUTH Authentication required.\r\n") as url,
        pytest.raises(CommandError, match="Authentication required"),
    ):
        external.check(url)


def test_a_url_that_is_none_is_told() -> None:
    with pytest.raises(SettingsError, match="REDIS_URL can't be read"):
        external.check("localhost:6379")


@contextmanager
def answering(reply: bytes) -> Iterator[str]:
    """Give the same reply to INFO, and consent to everything else."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while line := self.rfile.readline():
                words = [line]
                for _ in range(int(line[1:])):
                    self.rfile.readline()
                    words.append(self.rfile.readline().strip())
                self.wfile.write(reply if words[1] == b"INFO" else b"+OK\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"redis://127.0.0.1:{server.server_address[1]}?protocol=2"
        server.shutdown()
