"""The form in which a language model is stored, and the order in which a step wants it.

A file is safetensors: int8 matrices, and a header with the card and the vocabulary.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from genart_core.arts.text.grid import PER_UNIT, ZERO
from genart_core.arts.text.model import Config, LanguageModel
from genart_core.arts.text.quotes import QuoteIndex
from genart_core.arts.text.vocabulary import Vocabulary
from genart_core.errors import DamagedWeightsError
from genart_core.nn.checkpoint import write_atomically

# Widths are padded to whole SIMD registers, four of them (AVX-512).
LANES = 64
NEVER = -1e30  # a logit that no noise lifts; finite, so that 0 * log 0 is 0


@dataclass(frozen=True)
class StoredModel:
    """A model as its file has it.

    `tensors` are, per layer n, `layers.n.weight` int8 `(4H, inputs + H)`, the input and recurrent
    matrices side by side, one fp32 `layers.n.scale` per row, and fp32 `layers.n.bias`; the same for
    `head`; and, unless it is tied to the head, an fp32 `embedding`. Gates are in the order i, f, g,
    o. A weight is its int8 times its row's scale. `quotes` knows the text that it was trained on.
    """

    config: Config
    vocabulary: Vocabulary
    tensors: dict[str, Tensor]
    card: dict[str, Any]
    quotes: QuoteIndex | None = None


def quantize(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Round a matrix to int8 in [-127, 127] with one scale per row; return both."""
    scale = weight.abs().amax(dim=1).clamp(min=1e-12) / 127.0
    return (weight / scale[:, None]).round().to(torch.int8), scale


def pack(network: LanguageModel) -> dict[str, Tensor]:
    """Return the tensors of `StoredModel`."""
    parts = {
        f"layers.{i}": (
            torch.cat(
                [layer.get_parameter("weight_ih_l0"), layer.get_parameter("weight_hh_l0")], 1
            ),
            layer.get_parameter("bias_ih_l0") + layer.get_parameter("bias_hh_l0"),
        )
        for i, layer in enumerate(network.layers)
    }
    parts["head"] = (network.output_weight, network.head.bias)
    tensors = {}
    if not network.config.tied:
        tensors["embedding"] = network.embedding.weight.detach().float().contiguous()
    for name, (weight, bias) in parts.items():
        tensors[f"{name}.weight"], tensors[f"{name}.scale"] = quantize(weight.detach().float())
        tensors[f"{name}.bias"] = bias.detach().float()
    return tensors


def unpack(config: Config, tensors: dict[str, Tensor]) -> LanguageModel:
    """Return the network whose weights are exactly the stored ones."""
    network = LanguageModel(config)
    values = {"embedding.weight": embedding_of(config, tensors)}
    for i in range(config.layers):
        weight = tensors[f"layers.{i}.weight"].float() * tensors[f"layers.{i}.scale"][:, None]
        inputs = weight.shape[1] - config.hidden
        bias = tensors[f"layers.{i}.bias"]
        values[f"layers.{i}.weight_ih_l0"] = weight[:, :inputs]
        values[f"layers.{i}.weight_hh_l0"] = weight[:, inputs:]
        values[f"layers.{i}.bias_ih_l0"] = bias
        values[f"layers.{i}.bias_hh_l0"] = torch.zeros_like(bias)
    if not config.tied:
        values["head.weight"] = tensors["head.weight"].float() * tensors["head.scale"][:, None]
    values["head.bias"] = tensors["head.bias"]
    network.load_state_dict(values)
    return network.eval()


def embedding_of(config: Config, tensors: dict[str, Tensor]) -> Tensor:
    """Return the fp32 embedding `(V, E)` of stored tensors."""
    if config.tied:
        return tensors["head.weight"].float() * tensors["head.scale"][:, None]
    return tensors["embedding"]


def save_model(path: Path, model: StoredModel) -> None:
    """Write a model so that at every moment the file is either the old or the new one."""
    metadata = {
        "card": model.card | {"config": asdict(model.config)},
        "vocabulary": {"unit": model.vocabulary.unit, "tokens": model.vocabulary.tokens},
    }
    tensors = dict(model.tensors)
    if model.quotes is not None:
        parts = asdict(model.quotes)
        tensors["quotes.bits"] = torch.from_numpy(parts.pop("bits"))
        metadata["quotes"] = parts
    if model.vocabulary.spelled:
        words = bytearray("\0".join(model.vocabulary.spelled).encode())
        tensors["spelled"] = torch.frombuffer(words, dtype=torch.uint8)
    header = {key: json.dumps(value, ensure_ascii=False) for key, value in metadata.items()}
    write_atomically(path, save(tensors, header))


def load_model(path: Path) -> StoredModel:
    """Read a model.

    Raises:
        DamagedWeightsError: if the file is not safetensors or not of this architecture.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        model = _model_of(header, tensors)
        _check(model)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DamagedWeightsError(f"{path.name} is not a text model: {error}") from error
    return model


def _model_of(header: dict[str, Any], tensors: dict[str, Tensor]) -> StoredModel:
    card = header["card"]
    config = dict(card["config"])
    # Earlier files, as that of `shakespeare`, have the characters in the config.
    vocabulary = header.get("vocabulary") or {"tokens": config.pop("vocabulary")}
    quotes = None
    if "quotes.bits" in tensors:
        bits = np.ascontiguousarray(tensors.pop("quotes.bits").numpy())
        quotes = QuoteIndex(bits, **header["quotes"])
    vocabulary["tokens"] = tuple(vocabulary["tokens"])
    if "spelled" in tensors:
        vocabulary["spelled"] = tuple(tensors.pop("spelled").numpy().tobytes().decode().split("\0"))
    return StoredModel(Config(**config), Vocabulary(**vocabulary), tensors, card, quotes)


@dataclass(frozen=True)
class Layout:
    """What a step computes with, H and V padded to multiples of `LANES`.

    `matrices` are int8, per layer `(4H, inputs + H)`, the first without inputs, then the head's
    `(V, H)`. Their products with hidden states times 127 are multiplied by `scales`, and `vectors`
    are added: to that of the first layer a row of `table` `(V, 4H)`. A layer's sums are then what
    `grid.place_of` takes.
    """

    matrices: list[Tensor]
    scales: list[Tensor]
    vectors: list[Tensor]
    table: Tensor
    hidden: int


def laid_out(model: StoredModel) -> Layout:
    """Return a model in the order in which a step wants it.

    Gates are put in the order i, f, o, g and sizes are padded with zeros: such units stay 0. What
    i, f and o are the sigmoids of is halved, as sigmoid(x) = (1 + tanh(x / 2)) / 2. The input to
    the first layer is one of V tokens, so that its product is looked up in a table.
    """
    config, tensors = model.config, model.tensors
    hidden = padded(config.hidden)
    unit = torch.tensor([0.5, 0.5, 0.5, 1.0]).repeat_interleave(hidden) * PER_UNIT
    matrices, scales, vectors = [], [], []
    table = torch.empty(0)
    for n in range(config.layers):
        weight, scale = tensors[f"layers.{n}.weight"], tensors[f"layers.{n}.scale"]
        bias = _gates(tensors[f"layers.{n}.bias"], hidden) * unit
        inputs, recurrent = weight[:, : -config.hidden], weight[:, -config.hidden :]
        recurrent = F.pad(_gates(recurrent, hidden), (0, hidden - config.hidden))
        if n == 0:
            # In double precision, as the last bits of products in single depend on the machine.
            inputs = _gates(inputs.double() * scale.double()[:, None], hidden) * unit[:, None]
            table = embedding_of(config, tensors).double() @ inputs.t() + bias.double()
            table = (table + (ZERO + 0.5)).float()
        else:
            inputs = F.pad(_gates(inputs, hidden), (0, hidden - config.hidden))
            recurrent = torch.cat([inputs, recurrent], dim=1)
            vectors.append(bias + (ZERO + 0.5))
        matrices.append(recurrent.contiguous())
        scales.append(_gates(scale, hidden) * unit / 127.0)
    extra = padded(config.vocabulary_size) - config.vocabulary_size
    matrices.append(F.pad(tensors["head.weight"], (0, hidden - config.hidden, 0, extra)))
    scales.append(F.pad(tensors["head.scale"], (0, extra)) / 127.0)
    vectors.append(F.pad(tensors["head.bias"], (0, extra), value=NEVER))
    return Layout(matrices, scales, vectors, table.contiguous(), hidden)


def padded(size: int) -> int:
    """Return the next multiple of `LANES`."""
    return -(-size // LANES) * LANES


def _check(model: StoredModel) -> None:
    config = model.config
    if config.vocabulary_size != len(model.vocabulary.ids):
        raise ValueError("the vocabulary does not have the size that the config says")
    spelled = model.vocabulary.spelled
    if not all(spelled) or not set().union(*spelled) <= model.vocabulary.ids.keys():
        raise ValueError("there are words that the vocabulary cannot spell")
    expected = _forms(config)
    found = {name: (tuple(t.shape), t.dtype) for name, t in model.tensors.items()}
    wrong = sorted(n for n in found | expected if found.get(n) != expected.get(n))
    if wrong:
        raise ValueError(f"the config does not fit the tensors {', '.join(wrong)}")
    endless = sorted(n for n, t in model.tensors.items() if not bool(t.isfinite().all()))
    if endless:
        raise ValueError(f"there are numbers that are not finite in {', '.join(endless)}")


def _forms(config: Config) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    v, e, h = config.vocabulary_size, config.embedding, config.hidden
    matrices = {f"layers.{i}": (4 * h, (h if i else e) + h) for i in range(config.layers)}
    matrices["head"] = (v, h)
    forms: dict[str, tuple[tuple[int, ...], torch.dtype]] = {}
    if not config.tied:
        forms["embedding"] = ((v, e), torch.float32)
    for name, (rows, columns) in matrices.items():
        forms[f"{name}.weight"] = ((rows, columns), torch.int8)
        forms |= {f"{name}.{part}": ((rows,), torch.float32) for part in ("scale", "bias")}
    return forms


def _gates(x: Tensor, hidden: int) -> Tensor:
    """Reorder rows from i, f, g, o to i, f, o, g, each padded to `hidden`."""
    i, f, g, o = x.chunk(4)
    pad = (0, 0) * (x.dim() - 1) + (0, hidden - len(i))
    return torch.cat([F.pad(part, pad) for part in (i, f, o, g)])
