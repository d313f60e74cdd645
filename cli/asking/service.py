"""A running service, as commands call it: one connection per request, problems become errors."""

import http.client
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

import typer

from cli.errors import CommandError, OptionError, ProblemReplyError, ServiceError
from cli.settings import ClientSettings, read

Url = Annotated[
    str | None,
    typer.Option(help="The service (GENART_URL).", rich_help_panel="Service", show_default=False),
]
Key = Annotated[
    str | None,
    typer.Option(
        help="API key; GENART_KEY keeps it out of the list of processes.",
        rich_help_panel="Service",
        show_default=False,
    ),
]
Body: TypeAlias = bytes | Iterable[bytes] | None
NO_HEADERS: Mapping[str, str] = {}

TIMEOUT_SECONDS = 60.0  # event streams say every 15 s that they are alive
_PIECE_BYTES = 256 * 1024
_MAX_JSON_BYTES = 64_000_000


class Service:
    """The service at a URL; `key` is sent with every request, if there is one."""

    def __init__(self, url: str, key: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OptionError("--url", f"{url} is no http address")
        if not (key.isascii() and key.isprintable()):
            raise OptionError("--key", "It has characters that no key has")
        self.url = url.rstrip("/")
        self._secure = parts.scheme == "https"
        self._address = parts.netloc.rpartition("@")[2]
        self._prefix = parts.path.rstrip("/")
        self._headers = {"User-Agent": "genart"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        body: Body = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Iterator[http.client.HTTPResponse]:
        """Make a request; yield its answer, which is still to be read.

        Raises:
            ServiceError: if nobody answers, then or while it is read.
            ProblemReplyError: if the answer is a problem.
        """
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        try:
            connection = kind(self._address, timeout=TIMEOUT_SECONDS)
            try:
                fields = {**self._headers, **headers}
                # who refuses a body needn't read it; then the answer is there all the same
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.request(method, self._prefix + path, body, fields)
                answer = connection.getresponse()
                if answer.status >= 300:
                    raise self._refusal(answer)
                yield answer
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error

    def ask(
        self,
        method: str,
        path: str,
        body: Body = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> dict[str, Any]:
        """Return the JSON object that a request is answered with."""
        with self.open(method, path, body, headers) as answer:
            data = answer.read(_MAX_JSON_BYTES)
        with suppress(ValueError):
            found = json.loads(data)
            if isinstance(found, dict):
                return found
        raise ServiceError(f"{self.url} does not answer as genart does; check --url")

    def output(self, output: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the pieces of one of a job's files.

        Raises:
            ServiceError: if they are not those that the job tells of.
        """
        digest = sha256()
        with self.open("GET", str(output["url"])) as answer:
            while piece := answer.read(_PIECE_BYTES):
                digest.update(piece)
                yield piece
        if digest.hexdigest() != output["sha256"]:
            raise ServiceError(f"{output['url']} came damaged; try again")

    def _refusal(self, answer: http.client.HTTPResponse) -> CommandError:
        data = answer.read(_MAX_JSON_BYTES)
        with suppress(ValueError, AttributeError, KeyError, TypeError):
            problem = json.loads(data)
            if answer.status == 401:
                return OptionError("--key", f"{problem['detail']}; give it as GENART_KEY or --key")
            if problem.get("code"):
                again = answer.headers.get("Retry-After", "")
                return ProblemReplyError(answer.status, problem, again)
        return ServiceError(
            f"{self.url} answers {answer.status} {answer.reason}, not as genart does; check --url"
        )

    def _unreachable(self, error: Exception) -> ServiceError:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return ServiceError(
            f"No service answers at {self.url} ({reason}); start one with `genart up`, "
            "or say where it is with --url"
        )


def service_at(url: str | None, key: str | None) -> Service:
    """Return the service that options or settings name."""
    settings = read(ClientSettings)
    return Service(url or settings.url, settings.key if key is None else key)
