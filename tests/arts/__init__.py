"""Tests of the arts."""
