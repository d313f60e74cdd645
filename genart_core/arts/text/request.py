"""What a caller of `text` sends."""

from typing import Literal

from pydantic import Field

from genart_core.request import ArtRequest

MAX_LENGTH = 100_000


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
        description="How many characters to write.",
        ge=1,
        le=MAX_LENGTH,
    )
    strategy: Literal["sample", "greedy"] = Field(
        default="sample",
        title="Strategy",
        description="`sample` draws each character from the model's distribution at `temperature`; "
        "`greedy` always takes the most probable one.",
    )
    temperature: float = Field(
        default=0.5,
        title="Temperature",
        description="q_i = exp(x_i / T) / sum_j exp(x_j / T): low is repetitive, 1 is the model's "
        "own distribution, high is wild. 0 is greedy.",
        ge=0.0,
        le=100.0,
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


def batch_key(request: TextRequest) -> str:
    """Jobs on the same model step together, whatever their prompts and lengths."""
    return request.model


def cost(request: TextRequest) -> float:
    """Return the number of characters to read and write."""
    return float(request.num_samples * (request.length + len(request.prompt)))
