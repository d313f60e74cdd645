"""Ways between points of a latent space.

1. Shoemake, Animating rotation with quaternion curves, 1985 (spherical linear interpolation).
2. White, Sampling generative networks, arXiv:1609.04468 (why latents are walked along circles).
"""

import torch
from torch import Tensor

PARALLEL = 1e-4  # radians; nearer (or opposite) directions have no one circle through both


def lerp(start: Tensor, end: Tensor, share: float) -> Tensor:
    """Return the point at a share of the straight way."""
    return start + share * (end - start)


def slerp(start: Tensor, end: Tensor, share: float) -> Tensor:
    """Return the point at a share of the way along a great circle (1).

    Lengths go evenly from one to the other. Where no one circle leads, the way is straight.
    """
    lengths = start.norm(), end.norm()
    if min(lengths) == 0:
        return lerp(start, end, share)
    first, last = start / lengths[0], end / lengths[1]
    # The arc cosine of the product would be imprecise for small angles.
    angle = 2.0 * torch.atan2((first - last).norm(), (first + last).norm())
    if min(angle, torch.pi - angle) < PARALLEL:
        return lerp(start, end, share)
    turned = torch.sin((1.0 - share) * angle) * first + torch.sin(share * angle) * last
    point: Tensor = lerp(lengths[0], lengths[1], share) * turned / torch.sin(angle)
    return point


def walk(points: Tensor, frames: int, *, is_loop: bool, is_spherical: bool) -> Tensor:
    """Return `(frames, L)` on the way through points `(N, L)`, evenly spaced between two of them.

    A loop ends one step before its first point.
    """
    path = slerp if is_spherical else lerp
    stops = torch.cat([points, points[:1]]) if is_loop else points
    last = len(stops) - 1
    places = [frame * last / (frames if is_loop else frames - 1) for frame in range(frames)]
    legs = [min(int(place), last - 1) for place in places]
    return torch.stack(
        [path(stops[n], stops[n + 1], place - n) for n, place in zip(legs, places, strict=True)]
    )
