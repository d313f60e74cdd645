"""Tests of the command line and of the supervisor, with real processes."""
