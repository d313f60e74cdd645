"""Tests of `worker`: its parts in this process, and whole worker processes."""
