"""The public feature networks that `genart models pull` can fetch, known before they are here.

The files are those of torchvision's model zoo, whose names end in the first eight digits of their
sha256; the whole digests are as several independent users of the files have published them.
"""

from dataclasses import dataclass

from genart_core.errors import UnknownModelError

BASE_URL = "https://download.pytorch.org/models/"
ART = "features"
LICENCE = "BSD-3-Clause (torchvision); trained on ImageNet, whose terms may bind you too"


@dataclass(frozen=True)
class PublicNetwork:
    """A file of torchvision's: digest, size in 10^6 bytes, who described the network."""

    name: str
    file: str
    sha256: str
    megabytes: int
    paper: str

    @property
    def url(self) -> str:
        """Return where its makers offer it."""
        return BASE_URL + self.file


PUBLIC = {
    network.name: network
    for network in (
        PublicNetwork(
            "vgg16",
            "vgg16-397923af.pth",
            "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
            553,
            "Simonyan & Zisserman, arXiv:1409.1556",
        ),
        PublicNetwork(
            "vgg19",
            "vgg19-dcbb9e9d.pth",
            "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
            575,
            "Simonyan & Zisserman, arXiv:1409.1556",
        ),
        PublicNetwork(
            "googlenet",
            "googlenet-1378be20.pth",
            "1378be20a8e875cf1568b8a71654e704449655e34711a959a38b04fb34905cef",
            52,
            "Szegedy et al., arXiv:1409.4842",
        ),
        PublicNetwork(
            "inception_v3",
            "inception_v3_google-0cc3c7bd.pth",
            "0cc3c7bd75056d25e46cba549dc184522069b81e9787eff6df84f397bd52a5ef",
            109,
            "Szegedy et al., arXiv:1512.00567",
        ),
    )
}


def public_network(name: str) -> PublicNetwork:
    """Return a network by name.

    Raises:
        UnknownModelError: if there is none; it carries the names there are.
    """
    if name not in PUBLIC:
        raise UnknownModelError(name, tuple(PUBLIC))
    return PUBLIC[name]


def is_pooling(layer: str) -> bool:
    """Whether a layer, by its name, only makes the one before it smaller; no own network has one.

    It can be asked for, but nothing is chosen from it unless it is.
    """
    return "pool" in layer
