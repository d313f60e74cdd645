"""Torch code that two arts or more share."""

import os

# torch asks for huge pages for tensors of 2 MB or more if this is set before it makes its first:
# a fresh one is then filled four to five times as quickly. Systems that give none ignore it.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
