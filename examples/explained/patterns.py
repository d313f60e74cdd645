"""What the art of the how-to grows."""

from PIL import Image

from benchmarks.rig.client import Service
from examples.explained.plate import row
from examples.gallery import Studio

PATTERNS = ("spots", "maze", "coral")


def plate(service: Service) -> Image.Image:
    """Return one of each pattern."""
    studio = Studio(service, [])
    return row([studio.make("turing", pattern=name, seed=1) for name in PATTERNS])
