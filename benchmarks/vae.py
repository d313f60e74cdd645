"""What decoding costs, beside the network's plain form: `python -m benchmarks.vae`.

Ours is `Painter.decode` as a job runs it: weights cast once, channels last, fixed batches, pictures
as float32. Beside it the same network runs eagerly in float32 NCHW, once with the transposed
convolutions that ours has too (judged), once as it is written in books: enlarge, then convolve.
Rounds alternate and ratios within a round are judged, as is the error against float32 (PSNR).

With `--url` 64 jobs of 64 pictures each, one sheet a job, go through a running service, or through
one that is started for it (`--url own`); beside it this process decodes, assembles and encodes the
same sheets. Exits with 1 when a bar is missed.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.dream import BF16_FLAGS
from benchmarks.rig.figures import HEAD, Figure, table
from benchmarks.rig.sheets import PICTURES, through_service
from benchmarks.text import machine
from genart_core.arts.vae.mixture import Mixture
from genart_core.arts.vae.model import Autoencoder, Config, Enlargement
from genart_core.arts.vae.painter import Painter
from genart_core.arts.vae.request import VaeSampleRequest
from genart_core.arts.vae.sampling import draw
from genart_core.arts.vae.showing import shown
from genart_core.arts.vae.stored import StoredModel, load_model
from genart_core.artwork import Output
from genart_core.nn.device import working_dtype
from genart_core.request import sample_seed
from genart_core.weights import find_model

BATCH = 16
FASTER, PSNR_DB = 2.2, 45.0  # the bars
HOME = Path("~/.genart")


def plain(network: Autoencoder, *, transposed: bool) -> nn.Module:
    """Return the decoder as layers in a row, float32 NCHW, `(B, latent)` to pictures."""
    decoder = network.decoder
    layers: list[nn.Module] = [decoder.head, nn.SiLU(), nn.Unflatten(1, decoder.shape)]
    for layer in decoder.enlargements:
        if not isinstance(layer, Enlargement):
            raise TypeError("The network is prepared already")
        if transposed:
            layers.append(layer.as_transposed())
        else:
            convolution = nn.Conv2d(layer.in_channels, layer.out_channels, 3, padding=1)
            convolution.load_state_dict(layer.state_dict())
            layers += [nn.Upsample(scale_factor=2, mode="nearest"), convolution]
        layers.append(nn.SiLU())
    whole = nn.Sequential(*layers, decoder.last, nn.Sigmoid())
    whole = whole.eval().requires_grad_(False)
    return whole.to(memory_format=torch.contiguous_format)


def rate(decode: Callable[[Tensor], Tensor], points: Tensor, repeats: int) -> float:
    """Return pictures per second."""
    with torch.inference_mode():
        begin = time.perf_counter()
        for _ in range(repeats):
            decode(points)
        return repeats * len(points) / (time.perf_counter() - begin)


def decoding(painter: Painter, *, rounds: int, repeats: int, has_bf16: bool) -> list[Figure]:
    """Return ours beside both plain forms."""
    network = painter.model.network
    points = torch.randn(BATCH, painter.config.latent, generator=torch.Generator().manual_seed(0))
    bar = FASTER if has_bf16 else None
    name = f"pictures/s at batch {BATCH}"
    figures = [
        Figure(name, "/s", "eager fp32 NCHW, transposed", bar=bar, at_least=True),
        Figure(name, "/s", "eager fp32 NCHW, enlarge and convolve"),
    ]
    others = [plain(network, transposed=True), plain(network, transposed=False)]
    contest: list[Callable[[Tensor], Tensor]] = [painter.decode, *others]
    for decode in contest:
        rate(decode, points, 2)  # warm up
    for turn in range(rounds):
        order = contest if turn % 2 == 0 else contest[::-1]
        found = {decode: rate(decode, points, repeats) for decode in order}
        for figure, other in zip(figures, others, strict=True):
            figure.add(found[painter.decode], found[other])
    return figures


def psnr(painter: Painter) -> float:
    """Return how near to float32 ours is, in dB."""
    points = torch.stack([draw(seed, painter.model.mixture) for seed in range(PICTURES)])
    with torch.inference_mode():
        wanted = plain(painter.model.network, transposed=False)(points)
    error = (painter.decode(points) - wanted).square().mean()
    return float(-10.0 * torch.log10(error.clamp(min=1e-12)))


def sheet(painter: Painter, seed: int) -> Output:
    """Return the sheet that a job of a seed makes."""
    request = VaeSampleRequest(seed=seed, count=PICTURES, layout="sheet", scale=1)
    seeds = [sample_seed(seed, i) for i in range(PICTURES)]
    points = torch.stack([draw(each, painter.model.mixture) for each in seeds])
    return shown(request, painter.decode(points))[0]


def model_file(wish: str) -> Path | None:
    """Return the file of a model by name or path; None for `random`."""
    if wish == "random":
        return None
    return Path(wish) if Path(wish).is_file() else find_model("vae", wish, HOME.expanduser()).path


def random_model() -> StoredModel:
    """Return an untrained model of the shape of `portraits`."""
    config = Config()
    network = Autoencoder(config, torch.Generator().manual_seed(0)).eval()
    latent = config.latent
    mixture = Mixture(torch.ones(1), torch.zeros(1, latent), torch.eye(latent)[None])
    return StoredModel(network, mixture, torch.zeros(0, latent), {"name": "random"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vae", description=__doc__)
    parser.add_argument("--model", default="portraits", help="name, file, or `random`")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured")
    parser.add_argument("--repeats", type=int, default=20, help="batches per round")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--url", help="measure a running service too, or with `own` one of its own")
    asked = parser.parse_args(arguments)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    path = model_file(asked.model)
    painter = Painter(random_model() if path is None else load_model(path), "cpu")
    info = Path("/proc/cpuinfo")
    has_bf16 = bool(BF16_FLAGS & set(info.read_text().split() if info.exists() else ()))
    figures = decoding(painter, rounds=asked.rounds, repeats=asked.repeats, has_bf16=has_bf16)
    threads, costs = torch.get_num_threads(), ""
    if asked.url:
        served, costs = through_service(
            asked.url,
            "vae-sample",
            "portraits" if path is None else path.stem,
            lambda seed: sheet(painter, seed),
            rounds=max(1, asked.rounds // 2),
            threads=threads,
        )
        figures += served
    told, error = machine(), psnr(painter)
    dtype = str(working_dtype("cpu")).removeprefix("torch.")
    print(f"{told['cpu']}, computes in {dtype}; torch {told['torch']}; threads: {threads}\n")
    print(table(HEAD, [figure.row() for figure in figures]))
    if costs:
        print(f"\n{costs}")
    print(f"\nPSNR against float32: {error:.1f} dB (bar: > {PSNR_DB:g})")
    return 0 if error > PSNR_DB and all(figure.is_met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
