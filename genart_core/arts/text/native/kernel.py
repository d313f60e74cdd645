"""The compiled steps: `python -m genart_core.arts.text.native.kernel PATH` checks a file.

Both ways give the same texts, so that nobody has to wait: until there is a library, and where there
will be none, steps are taken in torch.
"""

import sys
from functools import cache
from pathlib import Path

from genart_core.arts.text.native.check import require_sound
from genart_core.arts.text.native.library import Library
from genart_core.native.build import STEP
from genart_core.native.kernel import Kernel, Plan

STEPS = Plan(
    STEP,
    Library,
    require_sound,
    program="genart_core.arts.text.native.kernel",
    purpose="text steps",
)


@cache
def kernel() -> Kernel[Library]:
    """Return this process's."""
    return Kernel.of_settings(STEPS)


if __name__ == "__main__":
    sys.exit(STEPS.examine(Path(sys.argv[1])))
