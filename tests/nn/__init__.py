"""Tests of what the arts share."""
