"""One picture that tests send, find again and sweep away."""

from httpx2 import Client, Response

from genart_core.jobs.blobs import BlobStore
from tests.support.gateway import RunningGateway
from tests.support.problems import is_problem
from tests.support.studio import picture, reference
from tests.support.table import HOUR_MS, Table
from worker.sweeper import sweep

KEEP = (HOUR_MS, HOUR_MS)
PICTURE = picture(shade=70)
DIGEST = reference(PICTURE).removeprefix("asset:")
URL = f"/v1/assets/{DIGEST}"


def send(http: Client, data: bytes = PICTURE, content_type: str = "image/png") -> Response:
    return http.post("/v1/assets", content=data, headers={"Content-Type": content_type})


def is_missing(answer: Response) -> bool:
    return is_problem(answer, 404, "no_such_asset")


def sweep_up(gateway: RunningGateway, table: Table) -> None:
    sweep(table.redis, BlobStore(gateway.settings.blobs), reaper="r1", keep=KEEP)
