"""Pictures unlike all that a network learned from: in their stead the nearest that it knows.

The encoder takes a photograph for a code far beyond those of its own pictures, and the decoder,
which has learned nothing of such codes, paints blots and glaring colours.
"""

from typing import TYPE_CHECKING

from torch import Tensor

from genart_core.arts.vae.mixture import radius

if TYPE_CHECKING:
    from genart_core.arts.vae.painter import Painter

WITHIN = 0.999  # of a component's codes lie no further from its centre
# A code beyond so many times that distance is none of a picture as those that were learned from: of
# 400 new portraits the farthest lay at 1.16, of 17 photographs the nearest at 2.65, of the pictures
# in `examples/pictures` at 3.98 (python -m benchmarks.vae_familiar).
FAR = 1.6


def familiar(images: Tensor, codes: Tensor, painter: "Painter") -> tuple[Tensor, list[bool]]:
    """Return codes `(N, L)` of pictures that the network knows, and which of them were replaced.

    A code that lies near a component of the mixture, as those of real pictures do, stays as it is.
    Any other is brought near to each of them; of what the decoder makes of these, the picture that
    differs least from `images` `(N, C, size, size)` is taken.
    """
    mixture = painter.model.mixture
    reach = radius(codes.shape[1], WITHIN)
    is_far = mixture.deviations(codes).norm(dim=2).amin(0) > FAR * reach
    found = codes.clone()
    for i in is_far.nonzero().flatten().tolist():
        nearer = mixture.within(codes[i : i + 1], reach)[:, 0]
        differences = (painter.decode(nearer) - images[i]).abs().flatten(1).mean(1)
        found[i] = nearer[differences.argmin()]
    return found, is_far.tolist()
