"""Tests of the documentation: its code runs, and what it names is there."""
