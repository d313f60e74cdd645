"""The page at `/`, as it is served."""

import gzip
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from httpx2 import Client, Headers

from api.routes.studio import FOLDER, studio

FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


def address(name: str) -> str:
    return f"/studio/{studio().digest}/{name}"


def test_the_page_is_html_for_whoever_asks(http: Client) -> None:
    for accepted in ("text/html", "application/json", "*/*"):
        answer = http.get("/", headers={"Accept": accepted})

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.text.startswith("<!doctype html>")


def test_the_page_may_load_nothing_from_elsewhere_and_has_no_inline_code(http: Client) -> None:
    answer = http.get("/")
    policy = dict(part.strip().partition(" ")[::2] for part in split_policy(answer.headers))

    assert policy["default-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=", answer.text) == []
    assert re.findall(r'(?:src|href)="(?!/|#)', answer.text) == []


def test_only_the_page_has_that_policy(http: Client) -> None:
    for path in ("/livez", address("main.js"), "/nothing"):
        assert split_policy(http.get(path).headers) == [
            "default-src 'none'",
            " frame-ancestors 'none'",
        ]


def test_what_the_page_names_is_there(http: Client) -> None:
    named = re.findall(r'(?:src|href)="(/studio/[^"]+)"', http.get("/").text)

    assert len(named) > 20
    assert {path: http.get(path).status_code for path in named} == dict.fromkeys(named, 200)


@pytest.mark.parametrize("name", [name for name in FILES if name != "index.html"])
def test_each_file_comes_as_it_is_and_is_kept_for_good(http: Client, name: str) -> None:
    answer = http.get(address(name))

    assert answer.content == (FOLDER / name).read_bytes()
    assert answer.headers["content-type"] == TYPES[Path(name).suffix]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["main.js", "form.js", "fields/weights.js"])
def test_a_module_imports_only_what_is_served(name: str) -> None:
    text = (FOLDER / name).read_text()
    found = re.findall(r'^(?:import|export) .*?"(\.[^"]+)";$', text, re.MULTILINE | re.DOTALL)

    assert found
    for relative in found:
        path = (FOLDER / name).parent.joinpath(relative).resolve()
        assert path.relative_to(FOLDER.resolve()).as_posix() in studio().assets


@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("path", ["/", "main.js"])
def test_the_page_is_asked_for_again_and_not_sent_again(
    http: Client, path: str, coding: str
) -> None:
    path = path if path == "/" else address(path)
    first = http.get(path, headers={"Accept-Encoding": coding})
    tag = {"If-None-Match": first.headers["etag"], "Accept-Encoding": coding}
    second = http.get(path, headers=tag)

    assert first.headers.get("content-encoding", "identity") == coding
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["cache-control"] == first.headers["cache-control"]
    assert second.headers["vary"] == "accept-encoding"
    assert http.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_page_itself_is_never_kept_unasked(http: Client) -> None:
    assert http.get("/").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "is_pressed"),
    [
        *(("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("GZIP", True)),
        *(("gzip;q=0", False), ("gzip; q=0.0", False), ("br", False), ("", False)),
    ],
)
def test_text_is_pressed_for_those_who_take_it(
    http: Client, accepted: str, is_pressed: bool
) -> None:
    with http.stream("GET", address("main.js"), headers={"Accept-Encoding": accepted}) as answer:
        data = b"".join(answer.iter_raw())

    plain = (FOLDER / "main.js").read_bytes()
    assert ("content-encoding" in answer.headers) == is_pressed
    assert (gzip.decompress(data) if is_pressed else data) == plain
    assert is_pressed == (len(data) < len(plain))


@pytest.mark.parametrize("path", ["/", "main.js", "fonts/newsreader.woff2"])
def test_head_tells_the_same_without_the_file(http: Client, path: str) -> None:
    path = path if path == "/" else address(path)
    got, told = http.get(path), http.head(path)

    assert (told.status_code, told.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "cache-control"):
        assert told.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    "name",
    [
        *("", "index.html", "nothing.js", "..%2fmain.py", "%2e%2e/main.py"),
        *("fields", "fields/", "fields%2f..%2fmain.js", "/etc/passwd", "main.js/", "main.js%00"),
        *("..%5cmain.py", "....//main.py", "main.js;x", "MAIN.JS"),
    ],
)
def test_what_is_no_file_of_the_page_is_not_found(http: Client, name: str) -> None:
    answer = http.get(address(name))

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_files_of_another_version_are_not_given_for_those_of_this_one(http: Client) -> None:
    answer = http.get(f"/studio/{'0' * 16}/main.js")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_page_takes_nothing(http: Client) -> None:
    answer = http.post("/", json={})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_the_openapi_document_is_of_the_api_alone(http: Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]

    assert not [path for path in paths if path == "/" or path.startswith("/studio")]


@pytest.mark.slow
def test_a_wheel_has_the_whole_page(tmp_path: Path) -> None:
    root = FOLDER.parents[1]
    copy = tmp_path / "project"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (copy / name).write_bytes((root / name).read_bytes())
    subprocess.run(["cp", "-r", root / "api", copy / "api"], check=True)
    build = "from setuptools.build_meta import build_wheel; build_wheel('.')"
    python = subprocess.run([sys.executable, "-c", build], cwd=copy, capture_output=True, text=True)

    assert python.returncode == 0, python.stderr
    (wheel,) = copy.glob("*.whl")
    packed = {name.removeprefix("api/studio/") for name in zipfile.ZipFile(wheel).namelist()}
    assert set(FILES) <= packed


def split_policy(headers: Headers) -> list[str]:
    """Return the parts of the one policy that an answer has."""
    policies = headers.get_list("content-security-policy")
    assert len(policies) == 1
    return list(policies[0].split(";"))
