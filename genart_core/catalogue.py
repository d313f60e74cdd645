"""Everything the service can make: one line per kind.

The routes, the OpenAPI document, the worker's dispatch and the tests over every art are generated
from `kinds()`. Importing this module brings no torch in: generators and trainers are named by their
module path and enter through `load_generator`, `load_trainer` and `load_tool` alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

from genart_core.arts.dream.request import LEVERS as DREAM_LEVERS
from genart_core.arts.dream.request import DreamRequest
from genart_core.arts.dream.request import batch_key as dream_batch_key
from genart_core.arts.dream.request import check as dream_check
from genart_core.arts.dream.request import cost as dream_cost
from genart_core.arts.gan.request import LEVERS as GAN_LEVERS
from genart_core.arts.gan.request import GanSampleRequest
from genart_core.arts.gan.request import batch_key as gan_batch_key
from genart_core.arts.gan.request import check as gan_check
from genart_core.arts.gan.request import cost as gan_cost
from genart_core.arts.style.request import LEVERS as STYLE_LEVERS
from genart_core.arts.style.request import StyleRequest
from genart_core.arts.style.request import batch_key as style_batch_key
from genart_core.arts.style.request import check as style_check
from genart_core.arts.style.request import cost as style_cost
from genart_core.arts.text.request import LEVERS as TEXT_LEVERS
from genart_core.arts.text.request import TextRequest
from genart_core.arts.text.request import batch_key as text_batch_key
from genart_core.arts.text.request import check as text_check
from genart_core.arts.text.request import cost as text_cost
from genart_core.arts.vae.request import (
    EDIT_LEVERS,
    SAMPLE_LEVERS,
    VaeEditRequest,
    VaeSampleRequest,
    check_edit,
    check_sample,
    edit_cost,
    sample_cost,
)
from genart_core.arts.vae.request import batch_key as vae_batch_key
from genart_core.artwork import Generate
from genart_core.errors import UnknownKindError
from genart_core.request import ArtRequest
from genart_core.settings import CoreSettings

Check: TypeAlias = Callable[[Any, Mapping[str, Any], int | None], None]


def accept_all(request: Any, card: Mapping[str, Any], memory: int | None) -> None:
    """Refuse nothing: what a request asks for depends on no model and fits anywhere."""


@dataclass(frozen=True)
class Kind:
    """One thing a caller can ask for.

    `batch_key(request)` names what may be made together: equal keys share a forward pass, at most
    `batch_limit` jobs at once. `cost(request)` is in units that run time is proportional to; run
    times are learned per kind and unit. `threads` is how many CPU threads serve it best (0 = all,
    and never more): many small steps gain nothing by many. `levers` are fields, whole numbers with
    bounds, that cost less the lower they are: what a caller is told to lower, the first one first.

    `models` is the folder of its weights, below `weights/` and below `GENART_HOME/models`; left out
    it is the art's name. `check(request, card, memory)` raises `RefusedError` for what the chosen
    model or the workers can't make: `card` is the model's (empty where it is not known), `memory`
    the bytes that the roomiest live worker offers (None: nobody says, so it is left unchecked).
    """

    name: str
    art: str
    summary: str
    request: type[ArtRequest]
    generate: str
    batch_limit: int
    batch_key: Callable[[Any], str]
    cost: Callable[[Any], float]
    threads: int
    models: str = ""
    check: Check = accept_all
    levers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.models:
            object.__setattr__(self, "models", self.art)


KINDS = (
    Kind(
        name="text",
        art="text",
        summary="Text, continued from a prompt by an LSTM",
        request=TextRequest,
        generate="genart_core.arts.text.generate:generate",
        batch_limit=16,
        batch_key=text_batch_key,
        cost=text_cost,
        threads=2,
        check=text_check,
        levers=TEXT_LEVERS,
    ),
    Kind(
        name="dream",
        art="dream",
        summary="A picture in which a network sees more and more of what it knows (DeepDream)",
        request=DreamRequest,
        generate="genart_core.arts.dream.generate:generate",
        batch_limit=1,
        batch_key=dream_batch_key,
        cost=dream_cost,
        threads=0,
        models="features",
        check=dream_check,
        levers=DREAM_LEVERS,
    ),
    Kind(
        name="style",
        art="style",
        summary="The content of one picture in the manner of others (neural style transfer)",
        request=StyleRequest,
        generate="genart_core.arts.style.generate:generate",
        batch_limit=1,
        batch_key=style_batch_key,
        cost=style_cost,
        threads=0,
        models="features",
        check=style_check,
        levers=STYLE_LEVERS,
    ),
    Kind(
        name="vae-sample",
        art="vae",
        summary="Pictures drawn, laid out and walked through by a variational autoencoder",
        request=VaeSampleRequest,
        generate="genart_core.arts.vae.generate:sample",
        batch_limit=16,
        batch_key=vae_batch_key,
        cost=sample_cost,
        threads=0,
        check=check_sample,
        levers=SAMPLE_LEVERS,
    ),
    Kind(
        name="vae-edit",
        art="vae",
        summary="A picture changed along concepts of a variational autoencoder",
        request=VaeEditRequest,
        generate="genart_core.arts.vae.generate:edit",
        batch_limit=16,
        batch_key=vae_batch_key,
        cost=edit_cost,
        threads=0,
        check=check_edit,
        levers=EDIT_LEVERS,
    ),
    Kind(
        name="gan-sample",
        art="gan",
        summary="Pictures drawn by a generator that learned by deceiving (GAN)",
        request=GanSampleRequest,
        generate="genart_core.arts.gan.generate:generate",
        batch_limit=16,
        batch_key=gan_batch_key,
        cost=gan_cost,
        threads=0,
        check=gan_check,
        levers=GAN_LEVERS,
    ),
)

TRAINERS = {
    "text": "genart_core.arts.text.train:app",
    "features": "genart_core.nn.backbone_train:app",
    "vae": "genart_core.arts.vae.train:app",
    "gan": "genart_core.arts.gan.train:app",
}
# What the command line hands over, as it needs torch or numpy.
TOOLS = {
    "classify": "genart_core.nn.judge:classify_app",
    "eval": "genart_core.nn.judge:eval_app",
    "portraits": "genart_core.arts.vae.portraits:app",
}


@cache
def kinds() -> dict[str, Kind]:
    """Return all kinds by name, with those of the modules listed in `GENART_EXTRA_ARTS`."""
    extra = CoreSettings().extra_arts
    found = [*KINDS, *(kind for name in extra for kind in import_module(name).KINDS)]
    return {kind.name: kind for kind in found}


def find_kind(name: str) -> Kind:
    """Return a kind by name.

    Raises:
        UnknownKindError: if there is none.
    """
    if name not in kinds():
        raise UnknownKindError(name, sorted(kinds()))
    return kinds()[name]


def load_generator(name: str) -> Generate:
    """Import and return a kind's generator; this is where torch enters a worker."""
    generate: Generate = _load(find_kind(name).generate)
    return generate


def load_trainer(art: str) -> Any:
    """Import and return the `genart train` sub-command of an art (a typer app)."""
    return _load(TRAINERS[art])


def load_tool(name: str) -> Any:
    """Import and return one of the `TOOLS` (a typer app)."""
    return _load(TOOLS[name])


def _load(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)
