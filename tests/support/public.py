"""torchvision's networks with an eighth of the channels, and a server that offers their files."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision import models

FACTOR = 8


def small_network(name: str, seed: int = 0) -> nn.Module:
    """Return torchvision's own network, random and narrow, in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    options = {} if name.startswith("vgg") else {"transform_input": True, "aux_logits": True}
    with torch.device("meta"):  # nothing is allocated at the full width
        network: nn.Module = models.get_model(name, weights=None, init_weights=False, **options)
    for module in network.modules():
        for key, weight in list(module.named_parameters(recurse=False)):
            module._parameters[key] = nn.Parameter(_drawn(key, weight, generator))
        for key, state in list(module.named_buffers(recurse=False)):
            module._buffers[key] = _drawn(key, state, generator)
    return network.eval()


def _drawn(key: str, full: Tensor, generator: torch.Generator) -> Tensor:
    if not full.dim():
        return torch.zeros((), dtype=torch.long)  # the count of batches
    # 3 channels go into the first convolution; windows stay as they are
    shape = [n // FACTOR if i < 2 and n > 3 else n for i, n in enumerate(full.shape)]
    if len(shape) == 1:
        drawn = torch.rand(shape, generator=generator)
        return 0.5 + drawn if key in ("weight", "running_var") else 0.2 * (drawn - 0.5)
    fan_in = full[0].numel() / (FACTOR if full.shape[1] > 3 else 1)
    deviation = math.sqrt(2.0 / fan_in)
    return torch.randn(shape, generator=generator) * deviation


def write_state(path: Path, name: str) -> Path:
    """Write the file that torchvision would offer."""
    torch.save(small_network(name).state_dict(), path)
    return path


class Offer:
    """What a server offers, how it behaves, and which byte ranges it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ranges: list[str | None] = []
        self.cut_after: list[int] = []  # bytes after which each next answer breaks off
        self.honours_ranges = True
        self.status: list[int] = []  # instead of an answer
        self.redirect: str | None = None
        self.pause = threading.Event()  # once set, an answer stays open without a byte more
        self.is_paused = threading.Event()
        self.released = threading.Event()
        self.url = ""


@contextmanager
def serving() -> Iterator[Offer]:
    """Serve an offer on the loopback for as long as the block runs."""
    offer = Offer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, offer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    offer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield offer
    finally:
        offer.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(request: BaseHTTPRequestHandler, offer: Offer) -> None:
    wanted = request.headers.get("Range")
    offer.ranges.append(wanted)
    if offer.status:
        return request.send_error(offer.status.pop(0))
    if offer.redirect:
        request.send_response(302)
        request.send_header("Location", offer.redirect)
        return request.end_headers()
    data = offer.files.get(request.path.lstrip("/"))
    if data is None:
        return request.send_error(404)
    start = int(wanted[6:-1]) if wanted and offer.honours_ranges else 0
    if start and start >= len(data):
        return request.send_error(416)
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    request.send_header("Content-Length", str(len(data) - start))
    request.end_headers()
    end = start + offer.cut_after.pop(0) if offer.cut_after else len(data)
    request.wfile.write(data[start:end])
    request.wfile.flush()
    if offer.pause.is_set():
        offer.is_paused.set()
        offer.released.wait(60)
    return None
