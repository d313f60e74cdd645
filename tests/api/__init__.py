"""Tests of the gateway over HTTP, against the running service."""
