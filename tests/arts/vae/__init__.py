"""Tests of the VAE."""
