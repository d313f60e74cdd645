"""Makes a text and a dream through the generated client: `python job.py URL KEY PICTURE`."""

import sys
import time
from io import BytesIO
from pathlib import Path

import httpx
from genart_client import AuthenticatedClient
from genart_client.api.assets import create_asset, list_assets
from genart_client.api.jobs import get_job, get_output, list_jobs
from genart_client.api.make import make_dream, make_text, make_vae_edit
from genart_client.models.asset_view import AssetView
from genart_client.models.dream_form import DreamForm
from genart_client.models.job_view import JobView
from genart_client.models.page_view import PageView
from genart_client.models.picture_form import PictureForm
from genart_client.models.problem import Problem
from genart_client.models.text_request import TextRequest
from genart_client.models.vae_edit_request import VaeEditRequest
from genart_client.models.vae_edit_request_concepts import VaeEditRequestConcepts
from genart_client.types import File

PATIENCE_SECONDS = 60


def main(url: str, key: str, picture: Path) -> None:
    """Run a job of each way to send one, and see one refused."""
    client = AuthenticatedClient(base_url=url, token=key, timeout=httpx.Timeout(30.0))
    write_a_text(client)
    dream_on_a_file(client, picture)
    edit_a_stored_picture(client, picture)
    be_refused(client)
    page = list_jobs.sync(client=client, kind="text")
    assert isinstance(page, PageView)
    assert [job.kind for job in page.jobs] == ["text"]


def write_a_text(client: AuthenticatedClient) -> None:
    """Submit JSON, wait for it, fetch it."""
    body = TextRequest(prompt="what is noble? ", length=60, seed=1)
    sent = make_text.sync_detailed(client=client, body=body, priority="high", tag=["client"])
    assert isinstance(sent.parsed, JobView), sent
    job = ended(client, sent.parsed)
    text = fetched(client, job).decode()
    assert len(text) == 60
    print(f"text   {job.id} {job.status}: {text!r}")


def dream_on_a_file(client: AuthenticatedClient, picture: Path) -> None:
    """Submit a form with a file, wait for it, fetch it."""
    file = File(BytesIO(picture.read_bytes()), picture.name, "image/png")
    body = DreamForm(image=file, size=96, octaves=1, iterations=2)
    sent = make_dream.sync(client=client, body=body, prefer="wait=5")
    assert isinstance(sent, JobView), sent
    job = ended(client, sent)
    dream = fetched(client, job)
    assert dream.startswith(b"\x89PNG")
    assert job.outputs[0].width == 96
    print(f"dream  {job.id} {job.status}: {len(dream)} bytes of PNG")


def edit_a_stored_picture(client: AuthenticatedClient, picture: Path) -> None:
    """Store a picture, name it in JSON."""
    body = PictureForm(file=File(BytesIO(picture.read_bytes()), picture.name, "image/png"))
    asset = create_asset.sync(client=client, body=body)
    assert isinstance(asset, AssetView), asset
    concepts = VaeEditRequestConcepts.from_dict({"smile": 1.0})
    edit = VaeEditRequest(image=asset.reference, concepts=concepts)
    sent = make_vae_edit.sync(client=client, body=edit)
    assert isinstance(sent, JobView), sent
    job = ended(client, sent)
    assert fetched(client, job).startswith(b"\x89PNG")
    assert not isinstance(list_assets.sync(client=client), Problem)
    print(f"edit   {job.id} {job.status}")


def be_refused(client: AuthenticatedClient) -> None:
    """Ask for what there isn't; the answer is a problem with a code."""
    sent = make_text.sync_detailed(client=client, body=TextRequest(model="none"))
    assert isinstance(sent.parsed, Problem)
    assert (sent.status_code, sent.parsed.code) == (422, "unknown_model")
    print(f"refuse {sent.parsed.code}: {sent.parsed.detail}")


def ended(client: AuthenticatedClient, job: JobView) -> JobView:
    """Return the job once it has succeeded."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while job.status not in ("succeeded", "failed", "canceled", "expired"):
        assert time.monotonic() < deadline, job
        found = get_job.sync(job.id, client=client, prefer="wait=10")
        assert isinstance(found, JobView), found
        job = found
    assert job.status == "succeeded", job
    return job


def fetched(client: AuthenticatedClient, job: JobView) -> bytes:
    """Return the job's first file."""
    output = get_output.sync(job.id, 0, client=client)
    assert isinstance(output, File), output
    return output.payload.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
