"""What the tests of all arts have in common."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Leave tiny networks to one thread; to wake others takes longer than their work."""
    torch.set_num_threads(1)
