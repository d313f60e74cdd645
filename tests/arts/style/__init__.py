"""Tests of style transfer."""
