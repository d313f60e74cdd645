"""What the Dockerfiles take in; `make images` builds them."""

import re
import tomllib

import pytest

from tests.deploy.manifests import ROOT

FILES = ("Dockerfile", "Dockerfile.gpu")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("name", FILES)
def test_an_image_is_given_every_package(name: str) -> None:
    packages = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / name).read_text(), re.MULTILINE)

    assert {package.removesuffix("*") for package in packages} <= set(copied)


@pytest.mark.parametrize("name", FILES)
def test_what_an_image_copies_is_let_through(name: str) -> None:
    let_through = (ROOT / ".dockerignore").read_text().split("!")
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / name).read_text(), re.MULTILINE)
    sources = [source for line in copies for source in line.split()]

    assert sources
    assert [s for s in sources if s not in [line.split("\n")[0] for line in let_through]] == []


@pytest.mark.parametrize("name", FILES)
def test_an_image_is_pinned_unprivileged_and_watched(name: str) -> None:
    text = (ROOT / name).read_text()

    assert re.search(r"^ARG BASE=python:3\.\d+\.\d+-slim-\w+$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) <= {"${BASE}", "dependencies"}
    assert "--require-hashes" in text
    assert re.search(r"^USER \d+:\d+$", text, re.MULTILINE)
    assert "\nHEALTHCHECK " in text
