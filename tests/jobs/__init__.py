"""Tests of `genart_core.jobs` against a real Valkey."""
