"""What each player of the game minimises.

1. Goodfellow et al., Generative adversarial networks, arXiv:1406.2661: `bce`, with the generator's
   loss that does not saturate (section 3)
2. Lim & Ye, Geometric GAN, arXiv:1705.02894: `hinge`
"""

import torch.nn.functional as F
from torch import Tensor

from genart_core.arts.gan.recipe import Loss


def discriminator_loss(loss: Loss, real: Tensor, drawn: Tensor) -> Tensor:
    """Return the discriminator's loss, of its logits for real and for drawn pictures."""
    if loss == "hinge":
        return F.relu(1.0 - real).mean() + F.relu(1.0 + drawn).mean()
    return F.softplus(-real).mean() + F.softplus(drawn).mean()


def generator_loss(loss: Loss, drawn: Tensor) -> Tensor:
    """Return the generator's loss, of the discriminator's logits for what it drew."""
    return -drawn.mean() if loss == "hinge" else F.softplus(-drawn).mean()


def accuracy(real: Tensor, drawn: Tensor) -> float:
    """Return the share of pictures that the discriminator is right about; half is guessing."""
    right = (real > 0).float().mean() + (drawn < 0).float().mean()
    return float(right) / 2
