"""How like its data a generator draws: `python -m benchmarks.gan_quality MODEL... --data FILE`.

Models are generators' files. By the pooled features of a network that none of them has met, given
by its path, 10,000 pictures of each are compared with the 10,000 of the data's `test` split: the
Frechet distance (arXiv:1706.08500) and precision and recall (arXiv:1904.06991). Only by the
features of Inception is the former near to what is published as FID. Beside them stands the floor:
as many real pictures of the `train` split. For the network, pictures are enlarged to `--side`.

With several models the first is judged against the last: its distance above the floor has to be at
most 0.6 of the other's. Exits with 1 when it isn't.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.rig.figures import table
from benchmarks.rig.likeness import Gaussian, features_of, frechet_distance, precision_and_recall
from genart_core.arts.gan.data import as_pixels, read_pictures
from genart_core.arts.gan.stored import restore_generator
from genart_core.nn.device import working_dtype
from genart_core.nn.features import load_network
from genart_core.nn.teacher import load_teacher
from genart_core.public import PUBLIC

BAR = 0.6
COUNT = 10_000
BATCH = 250
SEEDS = 3
SIDES = {".npz": 64, ".safetensors": 224}
LOGITS = "logits"
DEEPEST = "relu5_2"  # the last activation of Tiny Darknet before its classes
HEAD = ["pictures", "Frechet distance", "(seeds)", "above the floor", "precision", "recall"]

See = Callable[[Tensor], Tensor]


def load_features(path: Path, side: int) -> tuple[str, See]:
    """Return the name of a network and what gives its pooled features, of images in [0, 1].

    An `.npz` is Tiny Darknet, a `.safetensors` a public network as `genart models pull` keeps it.

    Raises:
        ValueError: if the file is neither, or a network that was trained here.
    """
    if path.suffix == ".npz":
        teacher = load_teacher(path)
        name = f"Tiny Darknet, {DEEPEST} pooled, at {side} px"
        return name, lambda x: teacher(_enlarged(x, side))[DEEPEST].mean((2, 3))
    if path.stem not in PUBLIC:
        raise ValueError(f"{path.stem} is no public network; there are {', '.join(PUBLIC)}")
    network = load_network(path, "cpu")
    layer = [name for name in network.layers if name != LOGITS][-1]
    extractor = network.cut([layer])
    name = f"{path.stem}, {layer} pooled, at {side} px"
    return name, lambda x: extractor(_enlarged(x, side))[layer].float().mean((2, 3))


def drawn(path: Path, count: int, seed: int) -> NDArray[np.uint8]:
    """Return pictures `(count, H, W, 3)` of a generator, all classes alike."""
    network, _ = restore_generator(path)
    network = network.to(memory_format=torch.channels_last)
    dtype = working_dtype("cpu")
    random = torch.Generator().manual_seed(seed)
    latents = torch.randn(count, network.config.latent, generator=random)
    classes = torch.arange(count) % max(1, network.config.classes)
    parts = []
    with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=dtype == torch.bfloat16):
        for start in range(0, count, BATCH):
            part = slice(start, start + BATCH)
            parts.append(as_pixels(network(latents[part], classes[part])))
    return np.concatenate(parts)


class Yardstick:
    """Real pictures that drawn ones are measured against."""

    def __init__(self, pixels: NDArray[np.uint8], see: See) -> None:
        self.see = see
        self.features = features_of(pixels, see)
        self.gaussian = Gaussian.of(self.features)

    def measure(self, pixels: NDArray[np.uint8]) -> dict[str, float]:
        """Return Frechet distance, precision and recall."""
        features = features_of(pixels, self.see)
        precision, recall = precision_and_recall(self.features, features)
        distance = frechet_distance(self.gaussian, Gaussian.of(features))
        return {"distance": distance, "precision": precision, "recall": recall}


def measured(
    models: Sequence[Path], yardstick: Yardstick, real: NDArray[np.uint8], *, count: int, seeds: int
) -> dict[str, list[dict[str, float]]]:
    """Return what was measured of the real pictures, the floor, and of each model and seed."""
    found = {"train": [yardstick.measure(real)]}
    for model in models:
        found[model.stem] = [
            yardstick.measure(drawn(model, count, seed)) for seed in range(1, seeds + 1)
        ]
    return found


def rows_of(found: dict[str, list[dict[str, float]]]) -> list[list[str]]:
    """Lay out what `measured` returned; the first is the floor."""
    means = {name: _means(rounds) for name, rounds in found.items()}
    floor = means["train"]["distance"]
    rows = []
    for name, rounds in found.items():
        seeds = [f"{each['distance']:.3f}" for each in rounds]
        distance = means[name]["distance"]
        rows.append(
            [
                "real (train), the floor" if name == "train" else name,
                f"{distance:.3f}",
                " ".join(seeds) if len(seeds) > 1 else "",
                "" if name == "train" else f"{distance - floor:.3f}",
                f"{means[name]['precision']:.3f}",
                f"{means[name]['recall']:.3f}",
            ]
        )
    return rows


def share_of(found: dict[str, list[dict[str, float]]]) -> float | None:
    """Return the first model's distance above the floor, over the last's; None if it is alone."""
    floor, *models = (_means(rounds)["distance"] for rounds in found.values())
    if len(models) < 2:
        return None
    return (models[0] - floor) / (models[-1] - floor)


def _means(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.mean(each[key] for each in rounds) for key in rounds[0]}


def _enlarged(images: Tensor, side: int) -> Tensor:
    large = F.interpolate(images, (side, side), mode="bicubic", antialias=True).clamp(0.0, 1.0)
    return large.contiguous(memory_format=torch.channels_last)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gan_quality", description=__doc__)
    parser.add_argument("models", nargs="+", type=Path, help="generators: ours, ..., textbook")
    parser.add_argument("--features", type=Path, required=True, help="the network's file")
    parser.add_argument("--data", type=Path, required=True, help="archive with train and test")
    parser.add_argument("--side", type=int, default=0, help="pixels a side for the network")
    parser.add_argument("--count", type=int, default=COUNT, help="pictures of each")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how often each model draws")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args(arguments)
    side = asked.side or SIDES.get(asked.features.suffix, 224)
    named, see = load_features(asked.features, side)
    size = restore_generator(asked.models[0])[0].config.size
    splits = [read_pictures(asked.data, size=size, split=split) for split in ("test", "train")]
    test, train = (split.pixels[: asked.count] for split in splits)
    found = measured(
        asked.models, Yardstick(test, see), train, count=asked.count, seeds=asked.seeds
    )
    share = share_of(found)
    if asked.json:
        print(json.dumps({"features": named, "found": found, "share": share}))
    else:
        print(f"{named}; {len(test):,} test pictures, {asked.count:,} drawn, {asked.seeds} seeds\n")
        print(table(HEAD, rows_of(found)))
        if share is not None:
            print(f"\nabove the floor, first over last: {share:.3f}, bar <= {BAR}")
    return 0 if share is None or share <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
