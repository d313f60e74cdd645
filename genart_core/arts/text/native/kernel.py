"""The compiled steps of this process.

Both ways give the same texts, so that nobody has to wait: until there is a library, and where there
will be none, steps are taken in torch.
"""

from functools import cache
from pathlib import Path

from genart_core.arts.text.native.check import require_sound
from genart_core.arts.text.native.library import Library
from genart_core.native.build import STEP
from genart_core.native.kernel import Kernel, Plan


def load(path: Path) -> Library:
    """Return a compiled library.

    Raises:
        UnusableError: if it can't be used here.
    """
    library = Library(path)
    require_sound(library)
    return library


STEPS = Plan(STEP, load, "genart_core.arts.text.native.check", "text steps")


@cache
def kernel() -> Kernel[Library]:
    """Return this process's."""
    return Kernel.of_settings(STEPS)
