"""What a caller of `text` sends."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from genart_core.bounds import advice, fitting
from genart_core.errors import RefusedError
from genart_core.request import ArtRequest, hints

MAX_LENGTH = 100_000
LEVERS = ("length", "num_samples")
TOKEN_BYTES = 50  # of memory per token; 25 were measured

StopString = Annotated[str, Field(min_length=1, max_length=100)]
StopStrings = Annotated[list[StopString], Field(max_length=8)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class TextRequest(ArtRequest):
    """Text continued from a prompt, one output per sample."""

    prompt: str = Field(
        default="",
        title="Prompt",
        description="Conditioning text that the model reads first. May be empty.",
        max_length=20_000,
        examples=["the preface supposing "],
    )
    length: int = Field(
        default=400,
        title="Length",
        description="How many tokens to write: characters, or words if the model is one of words. "
        "A stop string may end the text before.",
        ge=1,
        le=MAX_LENGTH,
        json_schema_extra=hints(unit="tokens"),
    )
    strategy: Literal["sample", "greedy", "uniform"] = Field(
        default="sample",
        title="Strategy",
        description="`sample` draws each token from the model's distribution at `temperature`, "
        "`greedy` always takes the most probable one (temperature 0), `uniform` draws from all "
        "tokens alike (temperature infinity).",
        json_schema_extra=hints(advanced=True),
    )
    temperature: float = Field(
        default=0.5,
        title="Temperature",
        description="q_i = exp(x_i / T) / sum_j exp(x_j / T): low is repetitive, 1 is the model's "
        "own distribution, high is wild. 0 is greedy.",
        ge=0.0,
        le=100.0,
    )
    top_k: int | None = Field(
        default=None,
        title="Top k",
        description="Draw from the k most probable tokens only. Left out: from all.",
        ge=1,
        le=100_000,
        examples=[40],
        json_schema_extra=hints(advanced=True),
    )
    top_p: float = Field(
        default=1.0,
        title="Top p",
        description="Draw from the fewest tokens whose probabilities reach p in sum (nucleus "
        "sampling), after temperature and top_k. 1 is all.",
        gt=0.0,
        le=1.0,
        examples=[0.9],
        json_schema_extra=hints(advanced=True),
    )
    min_p: float = Field(
        default=0.0,
        title="Min p",
        description="Draw from tokens at least p times as probable as the most probable one, "
        "after temperature. 0 is all.",
        ge=0.0,
        le=1.0,
        examples=[0.05],
        json_schema_extra=hints(advanced=True),
    )
    repetition_penalty: float = Field(
        default=1.0,
        title="Repetition penalty",
        description="The probability of a token that would repeat is raised to this power, before "
        "temperature. A token repeats if the text already has the run of 6 characters (for a model "
        "of words, of 3 words) that it would complete. 1 is off.",
        ge=1.0,
        le=10.0,
        examples=[1.5],
    )
    stop: Annotated[
        StopStrings, BeforeValidator(_listed, json_schema_input_type=StopString | StopStrings)
    ] = Field(
        default=[],
        title="Stop strings",
        description="The text ends before the first of these that it would contain. "
        "One string or a list.",
        examples=[["\n\n"]],
        json_schema_extra=hints(advanced=True),
    )
    num_samples: int = Field(
        default=1,
        title="Samples",
        description="How many texts to write; sample i draws from (seed, i).",
        ge=1,
        le=16,
    )
    model: str = Field(
        default="nietzsche",
        title="Model",
        description="Which trained model writes.",
        max_length=100,
        examples=["nietzsche"],
    )
    format: Literal["text/plain"] = Field(
        default="text/plain", title="Format", description="Media type of the outputs."
    )

    @property
    def is_greedy(self) -> bool:
        """True if every token is the most probable one, so that nothing is drawn."""
        # Below 1e-6 the softmax is a maximum for any two logits that fp32 can tell apart.
        return self.strategy == "greedy" or (self.strategy == "sample" and self.temperature < 1e-6)

    @property
    def sharpness(self) -> float:
        """Return what logits are multiplied by: 1 / T, which is 0 for `uniform`, 1 for greedy."""
        if self.strategy == "uniform":
            return 0.0
        return 1.0 if self.is_greedy else 1.0 / self.temperature


def batch_key(request: TextRequest) -> str:
    """Jobs on the same model step together, whatever their prompts and lengths."""
    return request.model


def cost(request: TextRequest) -> float:
    """Return the number of steps, one per token to read or write.

    Samples take them together; on a CPU each further one makes a step a quarter longer.
    """
    return (request.length + len(request.prompt)) * (3 + request.num_samples) / 4


def check(request: TextRequest, card: Mapping[str, Any], memory: int | None) -> None:
    """Refuse more text than fits into memory.

    Raises:
        RefusedError: naming the length that would fit.
    """
    if memory is None or _bytes(request) <= memory:
        return
    fits = fitting(request, LEVERS, _bytes, memory)
    told = (
        f"{request.num_samples} texts of {request.length} tokens take {_bytes(request) / 1e6:.1f}"
    )
    raise RefusedError(
        "length",
        f"{told} MB, and the largest worker has {memory / 1e6:.1f} MB; {advice(fits)}",
        "too_large",
        fits,
    )


def _bytes(request: TextRequest) -> float:
    return float(TOKEN_BYTES * request.num_samples * (request.length + len(request.prompt)))
