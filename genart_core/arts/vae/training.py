"""What an autoencoder is trained for, and how it shows itself meanwhile.

1. Kingma & Welling, Auto-encoding variational Bayes, arXiv:1312.6114.
2. Bowman et al., Generating sentences from a continuous space, arXiv:1511.06349 (the divergence
   counts more and more at first).
3. Kingma et al., Semi-supervised learning with deep generative models, arXiv:1406.5298; Joy et al.,
   Capturing label characteristics in VAEs, arXiv:2006.10102 (labels as part of the code).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genart_core.arts.vae.data import Batches, Pictures
from genart_core.arts.vae.labels import targets
from genart_core.arts.vae.losses import Likelihood, detail, kl_divergence, reconstruction
from genart_core.arts.vae.model import Autoencoder, reparameterise
from genart_core.nn.device import working_dtype
from genart_core.nn.sheets import write_sheet
from genart_core.nn.training import Stateless

MEASURED = 2000  # pictures, at the most, that an evaluation looks at
MEASURED_BATCH = 50
SHOWN = 12  # pictures across a sheet
LABEL_DEVIATION = 0.1  # what a label's dimension may be off by, of a standard deviation
TOLD = 0.5  # share of a batch whose decoder is told the labels instead of what was read of them


@dataclass(frozen=True)
class Aims:
    """What counts how much.

    `scale` is that of a Laplace likelihood, `beta` what a nat of the code counts from `warmup` of
    the budget on, `detail` what errors of gradients count beside errors of values, `labels` what a
    nat of the labels counts.
    """

    likelihood: Likelihood = "laplace"
    scale: float = 0.05
    beta: float = 1.0
    warmup: float = 0.1
    detail: float = 0.5
    labels: float = 1.0

    @property
    def unit(self) -> float:
        """Return the error of a value that costs about one nat."""
        return self.scale if self.likelihood == "laplace" else 1.0


class Bound(Stateless):
    """Minimise the negative evidence lower bound (1), with detail and labels beside it.

    Labelled attributes are the first dimensions of the code (3): there the mean is drawn to the
    attribute's value, and for part of a batch the decoder is given the value itself, so that
    nothing of it has to be told by the other dimensions.
    """

    def __init__(
        self, train: Pictures, test: Pictures, aims: Aims, *, batch: int, seed: int, sheets: Path
    ) -> None:
        self.train, self.test, self.aims, self.seed = train, test, aims, seed
        self.batches = Batches(len(train), batch, seed)
        self.sheets = sheets
        self.targets = None
        if train.labels is not None and aims.labels > 0:
            self.targets = torch.from_numpy(targets(train.labels))
        self._steps = 0

    def loss(self, network: Autoencoder, step: int, progress: float) -> tuple[Tensor, str]:
        """Return the loss of one batch in nats per picture."""
        self._steps = step + 1
        places = self.batches[step]
        device = next(network.parameters()).device
        images = self.train.images(places).to(device)
        draws = generator_of(self.seed, step)
        noise = torch.randn(len(images), network.config.latent, generator=draws).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=is_bf16(device)):
            mu, log_var = network.encoder(images)
        means, label_nats = mu, torch.zeros(len(images), device=device)
        if self.targets is not None:
            wanted = self.targets[torch.from_numpy(places)].to(device)
            means, label_nats = self._told(mu, wanted, draws)
        with torch.autocast(device.type, torch.bfloat16, enabled=is_bf16(device)):
            logits = network.decoder(reparameterise(means, log_var, noise)).float()
        aims = self.aims
        nats = reconstruction(logits, images, aims.likelihood, scale=aims.scale)
        edges = detail(logits.sigmoid(), images) * images[0].numel() / aims.unit
        code = kl_divergence(mu, log_var).sum(1)
        beta = aims.beta * min(1.0, progress / aims.warmup) if aims.warmup else aims.beta
        loss = nats + beta * code + aims.detail * edges + aims.labels * label_nats
        line = f"{nats.mean().item():,.0f} + {code.mean().item():.1f} nats"
        return loss.mean(), line

    def measure(self, network: Autoencoder) -> dict[str, float]:
        """Return the bound on pictures that are never trained on; write a sheet of some."""
        sums: dict[str, float] = {}
        count = 0
        draws = torch.Generator().manual_seed(self.seed)
        with torch.inference_mode():
            for images in self._measured(network):
                noise = torch.randn(len(images), network.config.latent, generator=draws)
                logits, mu, log_var = network(images, noise.to(images.device))
                got = {
                    "reconstruction_nats": self._nats(logits, images),
                    "kl_nats": kl_divergence(mu, log_var).sum(1),
                    "mean_error": (logits.sigmoid() - images).abs().mean((1, 2, 3)),
                    "detail_error": detail(logits.sigmoid(), images),
                }
                sums = {name: sums.get(name, 0.0) + t.sum().item() for name, t in got.items()}
                count += len(images)
        self._draw_sheet(network)
        means = {name: total / count for name, total in sums.items()}
        return {"elbo_nats": -means["reconstruction_nats"] - means["kl_nats"], **means}

    def _told(self, mu: Tensor, wanted: Tensor, draws: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the means for the decoder, and the nats by which the labels were missed."""
        width = wanted.shape[1]
        read, rest = mu[:, :width], mu[:, width:]
        nats = 0.5 * ((read - wanted) / LABEL_DEVIATION).square().sum(1)
        is_told = (torch.rand(len(mu), 1, generator=draws) < TOLD).to(mu.device)
        return torch.cat([torch.where(is_told, wanted, read), rest], dim=1), nats

    def _draw_sheet(self, network: Autoencoder) -> None:
        """Write pictures over their reconstructions, and draws from the prior below."""
        device = next(network.parameters()).device
        images = self.test.images(slice(0, SHOWN)).to(device)
        noise = torch.randn(2 * SHOWN, network.config.latent, generator=generator_of(self.seed, 0))
        with torch.inference_mode():
            codes = torch.cat([network.encoder(images)[0], noise.to(device)])
            drawn = network.decoder(codes).float().sigmoid()
        rows = torch.cat([images, drawn]).cpu()
        write_sheet(self.sheets / f"{self._steps:07d}.png", rows, columns=len(images))

    def _nats(self, logits: Tensor, images: Tensor) -> Tensor:
        return reconstruction(logits, images, self.aims.likelihood, scale=self.aims.scale)

    def _measured(self, network: Autoencoder) -> Iterator[Tensor]:
        """Yield at most `MEASURED` test pictures, spread evenly, in batches."""
        device = next(network.parameters()).device
        places = np.arange(0, len(self.test), max(1, len(self.test) // MEASURED))[:MEASURED]
        for start in range(0, len(places), MEASURED_BATCH):
            yield self.test.images(places[start : start + MEASURED_BATCH]).to(device)


def generator_of(*numbers: int) -> torch.Generator:
    """Return a generator that some numbers, as a seed and a step, stand for."""
    state = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]))


def is_bf16(device: torch.device) -> bool:
    """Whether convolutions are faster in bfloat16 there."""
    return working_dtype(str(device)) is torch.bfloat16
