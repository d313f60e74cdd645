import asyncio
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from api.engine.redis_line import RedisLine, _tls
from genart_core.jobs.connection import connect
from genart_core.jobs.upkeep import survey

ECHO = "return ARGV[1]"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="genart-") as folder:
        yield Path(folder)


def run(url: str, test: Callable[[RedisLine], Awaitable[None]], patience: float = 2.0) -> None:
    async def main() -> None:
        line = RedisLine(url, patience_seconds=patience)
        try:
            await test(line)
        finally:
            await line.aclose()

    asyncio.run(main())


def test_replies_come_to_those_who_asked(redis_url: str) -> None:
    async def test(line: RedisLine) -> None:
        numbers = [str(n).encode() for n in range(500)]
        assert await asyncio.gather(*(line.eval(ECHO, 0, n) for n in numbers)) == numbers

    run(redis_url, test)


def test_one_connection_serves_all(redis: Redis, redis_url: str) -> None:
    before = redis.info("clients")["connected_clients"]

    async def test(line: RedisLine) -> None:
        await asyncio.gather(*(line.eval(ECHO, 0, n) for n in range(100)))
        assert redis.info("clients")["connected_clients"] == before + 1

    run(redis_url, test)


@pytest.mark.parametrize("value", ["é\r\n$5\x00", b"\xff\x00", "x" * 1_000_000, ""])
def test_arguments_arrive_as_they_are(redis_url: str, value: str | bytes) -> None:
    async def test(line: RedisLine) -> None:
        expected = value.encode() if isinstance(value, str) else value
        assert await line.eval(ECHO, 0, value) == expected

    run(redis_url, test)


def test_unknown_script_is_sent_whole(redis: Redis, redis_url: str) -> None:
    redis.script_flush()

    async def test(line: RedisLine) -> None:
        with pytest.raises(NoScriptError):
            await line.evalsha("0" * 40, 0)
        assert (await line.send(survey(("text",)))).leases == 0

    run(redis_url, test)


def test_error_is_raised_for_its_own_command_only(redis_url: str) -> None:
    async def test(line: RedisLine) -> None:
        asked = [
            asyncio.create_task(line.eval(script, 0, "a"))
            for script in (ECHO, "return redis.error_reply('ERR no')", ECHO)
        ]
        assert await asked[0] == await asked[2] == b"a"
        with pytest.raises(ResponseError, match="no"):
            await asked[1]

    run(redis_url, test)


def test_caller_who_gives_up_disturbs_nobody(redis_url: str) -> None:
    async def test(line: RedisLine) -> None:
        await line.eval(ECHO, 0, "warm")
        asked = [asyncio.create_task(line.eval(ECHO, 0, n)) for n in range(10)]
        await asyncio.sleep(0)
        for task in asked[::2]:
            task.cancel()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert answers[1::2] == [b"1", b"3", b"5", b"7", b"9"]

    run(redis_url, test)


def test_connection_that_was_cut_is_made_anew(redis: Redis, redis_url: str) -> None:
    async def test(line: RedisLine) -> None:
        for n in range(5):
            assert await line.eval(ECHO, 0, n) == str(n).encode()
            redis.client_kill_filter(_type="normal", skipme=True)

    run(redis_url, test)


def test_password_and_database_are_given(redis: Redis, redis_url: str) -> None:
    redis.acl_setuser("ann", enabled=True, passwords=["+secret"], keys=["*"], categories=["+@all"])
    url = redis_url.replace("unix://", "unix://ann:secret@") + "?db=3"

    async def test(line: RedisLine) -> None:
        await line.eval("redis.call('SET', 'k', 'v')", 0)

    try:
        run(url, test)
        with connect(f"{redis_url}?db=3") as third:
            assert third.get("k") == b"v"
        with pytest.raises(RedisConnectionError):
            run(url.replace("secret", "wrong"), test)
    finally:
        redis.acl_deluser("ann")


def test_nobody_there_is_told_at_once(folder: Path) -> None:
    async def test(line: RedisLine) -> None:
        began = time.monotonic()
        with pytest.raises(RedisConnectionError):
            await line.eval(ECHO, 0, "x")
        assert time.monotonic() - began < 20

    run(f"unix://{folder}/none.sock", test, patience=30.0)


def test_server_that_never_answers_is_given_up_on_for_all_at_once(folder: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def test(line: RedisLine) -> None:
        async with await asyncio.start_unix_server(silent, f"{folder}/s"):
            began = time.monotonic()
            asked = (line.eval(ECHO, 0, n) for n in range(50))
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert all(isinstance(answer, RedisTimeoutError) for answer in answers)
            assert time.monotonic() - began < 10  # one after the other: 15 s

    run(f"unix://{folder}/s", test, patience=0.3)


def test_server_that_is_no_redis_is_an_error(folder: Path) -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def test(line: RedisLine) -> None:
        async with await asyncio.start_unix_server(web, f"{folder}/s"):
            with pytest.raises(RedisConnectionError):
                await line.eval(ECHO, 0, "x")

    run(f"unix://{folder}/s", test)


def test_idle_line_keeps_no_timer(redis_url: str) -> None:
    async def test(line: RedisLine) -> None:
        await line.eval(ECHO, 0, "x")
        assert line._wire is not None
        for _ in range(100):
            if line._wire._watchdog is None:
                break
            await asyncio.sleep(0.01)
        assert line._wire._watchdog is None

    run(redis_url, test, patience=0.2)


def test_tls_is_verified_unless_told_otherwise() -> None:
    assert _tls({}).verify_mode is ssl.CERT_REQUIRED
    assert _tls({}).check_hostname
    assert _tls({"ssl_cert_reqs": "none"}).verify_mode is ssl.CERT_NONE
