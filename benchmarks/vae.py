"""What decoding costs, beside the network's plain form: `python -m benchmarks.vae`.

Ours is `Painter.decode` as a job runs it: weights cast once, channels last, fixed batches, pictures
as float32. Beside it the same network runs eagerly in float32 NCHW, once with the transposed
convolutions that ours has too (judged), once as it is written in books: enlarge, then convolve.
Rounds alternate and ratios within a round are judged, as is the error against float32 (PSNR).

With `--url` 64 jobs of 64 pictures each, one sheet a job, go through a running service, or through
one that is started for it (`--url own`); beside it this process decodes, assembles and encodes the
same sheets. Exits with 1 when a bar is missed.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.rig.figures import Figure
from benchmarks.rig.points import BATCH, contest, decibels, file_of, run
from genart_core.arts.vae.mixture import Mixture
from genart_core.arts.vae.model import Autoencoder, Config, Enlargement
from genart_core.arts.vae.painter import Painter
from genart_core.arts.vae.request import VaeSampleRequest
from genart_core.arts.vae.sampling import draw
from genart_core.arts.vae.showing import shown
from genart_core.arts.vae.stored import StoredModel, load_model
from genart_core.artwork import Output
from genart_core.request import sample_seed

COMPARED = 64
SHIPPED = "portraits"


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


def random_model() -> StoredModel:
    """Return an untrained model of the shape of `portraits`."""
    config = Config()
    network = Autoencoder(config, torch.Generator().manual_seed(0)).eval()
    latent = config.latent
    mixture = Mixture(torch.ones(1), torch.zeros(1, latent), torch.eye(latent)[None])
    return StoredModel(network, mixture, torch.zeros(0, latent), {"name": "random"})


class Decoding:
    """An autoencoder's painter: the `Subject` of this benchmark."""

    kind = "vae-sample"

    def __init__(self, model: StoredModel, served: str) -> None:
        self.painter = Painter(model, "cpu")
        self.served = served

    def drawing(self, *, rounds: int, repeats: int, bar: float | None) -> list[Figure]:
        """Return ours beside both plain forms."""
        random = torch.Generator().manual_seed(0)
        points = torch.randn(BATCH, self.painter.config.latent, generator=random)
        name = f"pictures/s at batch {BATCH}"
        figures = [
            Figure(name, "/s", "eager fp32 NCHW, transposed", bar=bar, at_least=True),
            Figure(name, "/s", "eager fp32 NCHW, enlarge and convolve"),
        ]
        network = self.painter.model.network

        def painting(decode: Callable[[Tensor], Tensor]) -> Callable[[], Tensor]:
            return lambda: decode(points)

        others = [painting(plain(network, transposed=each)) for each in (True, False)]
        ours = painting(self.painter.decode)
        contest(figures, ours, others, rounds=rounds, repeats=repeats)
        return figures

    def psnr(self) -> float:
        """Return how near to float32 ours is, in dB."""
        model = self.painter.model
        points = torch.stack([draw(seed, model.mixture) for seed in range(COMPARED)])
        with torch.inference_mode():
            wanted = plain(model.network, transposed=False)(points)
        return decibels(self.painter.decode(points), wanted)

    def sheet(self, seed: int) -> Output:
        """Return the sheet that a job of a seed makes."""
        request = VaeSampleRequest(seed=seed, count=COMPARED, layout="sheet", scale=1)
        seeds = [sample_seed(seed, i) for i in range(request.count)]
        points = torch.stack([draw(each, self.painter.model.mixture) for each in seeds])
        return shown(request, self.painter.decode(points))[0]


def subject_of(wish: str) -> Decoding:
    """Return what is measured; a service has no untrained model and is asked for what ships."""
    if wish == "random":
        return Decoding(random_model(), SHIPPED)
    return Decoding(load_model(file_of("vae", wish)), Path(wish).stem)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    return run(subject_of, arguments, art="vae", about=__doc__, model=SHIPPED)


if __name__ == "__main__":
    sys.exit(main())
