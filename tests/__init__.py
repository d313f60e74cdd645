"""Tests, in the order of the packages; `support` starts the real processes they need."""
