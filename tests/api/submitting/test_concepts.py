"""Concepts of a model: listed, and required of a request that names some."""

import base64
from typing import Any

import pytest
from httpx2 import Client

from tests.support.gateway import RunningGateway, place_model
from tests.support.studio import picture
from tests.support.waiting import wait_for

CONCEPTS = [
    {"name": "smile", "attribute": "smile", "from": "0", "to": "1", "accuracy": 0.99},
    {"name": "glasses", "attribute": "eyewear", "from": "none", "to": "glasses", "accuracy": 0.98},
]


@pytest.fixture(autouse=True)
def faces(gateway: RunningGateway, http: Client) -> None:
    """A model named `faces` with two concepts and codes of four numbers."""
    place_model(gateway.settings.home, "faces", art="vae", latent=4, concepts=CONCEPTS)
    wait_for(lambda: http.get("/v1/models/faces").status_code == 200, 30, "the model is found")


def test_a_model_is_shown_with_its_concepts(http: Client) -> None:
    one = http.get("/v1/models/faces").json()

    assert one["concepts"] == CONCEPTS
    assert one["kinds"] == ["vae-sample", "vae-edit"]
    assert "concepts" not in one["card"]


@pytest.mark.parametrize(
    ("kind", "body", "pointer", "told"),
    [
        ("vae-sample", {"concepts": {"wings": 1.0}}, "/concepts", "faces has smile, glasses"),
        ("vae-sample", {"mode": "grid", "across": "wings"}, "/across", "faces has smile, glasses"),
        ("vae-sample", {"mode": "point", "latents": [[1.0]]}, "/latents", "faces takes 4"),
        (
            "vae-sample",
            {"format": "gif"},
            "/format",
            "still pictures are png, jpeg or webp, not gif",
        ),
        ("vae-edit", {"concepts": {"wings": 1.0}}, "/concepts", "faces has smile, glasses"),
    ],
)
def test_what_the_model_has_not_is_refused_with_what_it_has(
    http: Client, kind: str, body: dict[str, Any], pointer: str, told: str
) -> None:
    if kind == "vae-edit":
        image = base64.b64encode(picture(16, 16)).decode()
        body = {"image": f"data:image/png;base64,{image}", **body}

    answer = http.post(f"/v1/{kind}", json={"model": "faces", **body})

    problem = answer.json()
    assert answer.status_code == 422, problem
    assert problem["errors"][0]["pointer"] == pointer
    assert told in problem["errors"][0]["detail"]


def test_known_concepts_are_taken(http: Client) -> None:
    answer = http.post(
        "/v1/vae-sample", json={"model": "faces", "concepts": {"smile": 1.0, "glasses": -0.5}}
    )

    assert answer.status_code == 202, answer.json()
    assert answer.json()["request"]["layout"] == "images"


def test_an_empty_body_asks_for_a_portrait(http: Client, gateway: RunningGateway) -> None:
    place_model(gateway.settings.home, "portraits", art="vae", latent=4)
    wait_for(lambda: http.get("/v1/models/portraits").status_code == 200, 30, "it is found")

    answer = http.post("/v1/vae-sample", json={})

    assert answer.status_code == 202, answer.json()
    assert answer.json()["request"]["model"] == "portraits"
