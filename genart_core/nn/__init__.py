"""Torch code that two arts or more share."""
