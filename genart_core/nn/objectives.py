"""What a feature network is trained for: a teacher's activations, or the classes of folders.

1. Romero et al., FitNets: hints for thin deep nets, arXiv:1412.6550
2. Hinton, Vinyals & Dean, Distilling the knowledge in a neural network, arXiv:1503.02531
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.errors import PicturesLostError
from genart_core.nn.backbone import Backbone
from genart_core.nn.dreams import Dreams, look_of, whole_dream
from genart_core.nn.photos import Crops, Photo, central_square, readable
from genart_core.nn.teacher import Teacher
from genart_core.nn.training import Stateless

MEASURED = 400  # pictures, at the most, that an evaluation within a training looks at
MEASURED_BATCH = 25
MEASURED_DREAMS = 10  # pictures that both dream on to measure
MEASURED_SIZE = 0.03  # of their steps


class Distillation:
    """Match every stage of a teacher, and its probabilities.

    Differs from FitNets: all stages are learned at once. Part of each batch enters a stage as the
    teacher's own activation of the stage before, so that a deep stage needn't wait until the
    shallow ones have learned; that part shrinks from `forced` to nothing at `FORCED_UNTIL`.

    `logits` is the weight of the divergence of the probabilities, in nats; a share `dreamt` of each
    batch, from its end, gives way to pictures that are dreamt on (see `Dreams`). Convolutions run
    in `dtype`, errors are taken in float32.
    """

    FORCED = 0.75
    FORCED_UNTIL = 0.7
    LOGITS = 0.5

    def __init__(
        self,
        teacher: Teacher,
        crops: Crops,
        test: Sequence[Photo],
        *,
        forced: float = FORCED,
        logits: float = LOGITS,
        dreamt: float = 0.0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.teacher, self.crops, self.test = teacher, crops, test
        self.forced, self.logits, self.dreamt, self.dtype = forced, logits, dreamt, dtype
        self.dreams = Dreams(teacher)

    def loss(self, network: Backbone, step: int, progress: float) -> tuple[Tensor, str]:
        """Return the sum of each stage's error and the weighted divergence."""
        images = self.crops[step]
        share = self.forced * max(0.0, 1.0 - progress / self.FORCED_UNTIL)
        with torch.autocast("cpu", self.dtype, enabled=self.dtype != torch.float32):
            if count := round(self.dreamt * len(images)):
                dreams = self.dreams.further(network, images[-count:], step)
                images = torch.cat([images[:-count], dreams])
            wanted = {name: t.clone() for name, t in self.teacher(images).items()}
            got = forced(network, images, wanted, round(share * len(images)))
        errors = {name: error(got[name], wanted[name]) for name in wanted if name != "logits"}
        nats = divergence(got["logits"], wanted["logits"])
        line = "/".join(f"{errors[name].item():.2f}" for name in ("relu3_2", "relu4_2", "relu5_2"))
        loss = torch.stack(list(errors.values())).sum() + self.logits * nats
        return loss, f"errors {line}, {nats.item():.2f} nats"

    def measure(self, network: Backbone) -> dict[str, float]:
        """Return the errors at strides 4, 8 and 16 and how often the first class is the same.

        `error_dreamt` is the error at stride 8 on dreams of both at that stride on some of the
        pictures, where dreams are among the lessons.
        """
        names = {"relu3_2": 0.0, "relu4_2": 0.0, "relu5_2": 0.0}
        agreed = count = 0
        with torch.inference_mode():
            for images, _ in squares(self.test, self.crops.side):
                got, wanted = network(images), self.teacher(images)
                for name in names:
                    names[name] += error(got[name], wanted[name]).item() * len(images)
                agreed += int((got["logits"].argmax(1) == wanted["logits"].argmax(1)).sum())
                count += len(images)
        errors = {f"error_{name}": total / count for name, total in names.items()}
        dreams = {"error_dreamt": self._error_dreamt(network)} if self.dreamt else {}
        return {**errors, **dreams, "agreement": agreed / count}

    def state(self) -> dict[str, Tensor]:
        """Return the dreams that go on in the next steps."""
        return self.dreams.state()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on with dreams that `state` gave."""
        self.dreams.restore(state)

    def _error_dreamt(self, network: Backbone) -> float:
        """Return the mean error at stride 8 on dreams of both on some of the test pictures."""
        images, _ = squares(self.test, self.crops.side, MEASURED_DREAMS)[0]
        total = 0.0
        for dreamer in (network, self.teacher):
            dreams = whole_dream(look_of(dreamer, "relu4_2"), images, MEASURED_SIZE)
            with torch.inference_mode():
                wanted = self.teacher(dreams)["relu4_2"]
                total += error(network.until("relu4_2", dreams), wanted).item()
        return total / 2


class Classification(Stateless):
    """Tell the folders apart that the pictures lie in."""

    def __init__(self, folders: Sequence[str], crops: Crops, test: Sequence[Photo]) -> None:
        self.places = {folder: i for i, folder in enumerate(folders)}
        self.crops, self.test = crops, test

    def loss(self, network: Backbone, step: int, progress: float) -> tuple[Tensor, str]:
        """Return the cross entropy in nats."""
        images = self.crops[step]
        labels = torch.tensor([self.places[p.folder] for p in self.crops.photos_of(step)])
        nats = F.cross_entropy(network(images)["logits"], labels)
        return nats, f"{nats.item():.2f} nats"

    def measure(self, network: Backbone) -> dict[str, float]:
        """Return how often the first class is right."""
        right = count = 0
        with torch.inference_mode():
            for images, photos in squares(self.test, self.crops.side):
                labels = torch.tensor([self.places[photo.folder] for photo in photos])
                right += int((network(images)["logits"].argmax(1) == labels).sum())
                count += len(images)
        return {"accuracy": right / count}


def forced(
    network: Backbone, images: Tensor, wanted: dict[str, Tensor], count: int
) -> dict[str, Tensor]:
    """Run a network whose stages see, for the first `count` images, what the teacher's would."""
    x = network.normalised(images)
    activations = {}
    for name, stage in network.stages.items():
        x = activations[name] = stage(x)
        if count and name in wanted and name != "logits":
            x = torch.cat([wanted[name][:count], x[count:]])
    return activations


def error(got: Tensor, wanted: Tensor) -> Tensor:
    """Return the squared error of activations `(B, C, h, w)` relative to their variance."""
    got, wanted = got.float(), wanted.float()
    spread = wanted - wanted.mean((0, 2, 3), keepdim=True)
    return F.mse_loss(got, wanted) / spread.square().mean()


def divergence(got: Tensor, wanted: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence of classes `(B, C)` from the wanted ones, in nats."""
    logs, wanted_logs = got.float().log_softmax(1), wanted.float().log_softmax(1)
    return F.kl_div(logs, wanted_logs, log_target=True, reduction="batchmean")


def squares(
    photos: Sequence[Photo], side: int, most: int = MEASURED
) -> list[tuple[Tensor, list[Photo]]]:
    """Return the centres of at most `most` pictures, spread evenly, in batches.

    Raises:
        PicturesLostError: if none of them can be read.
    """
    step = max(1, len(photos) // most)
    pairs = [(central_square(image, side), p) for p, image in readable(photos[::step][:most])]
    if not pairs:
        raise PicturesLostError("no picture that was kept to measure with can be read")
    batches = [pairs[i : i + MEASURED_BATCH] for i in range(0, len(pairs), MEASURED_BATCH)]
    return [(torch.stack([x for x, _ in batch]), [p for _, p in batch]) for batch in batches]
