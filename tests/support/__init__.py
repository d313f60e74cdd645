"""What tests of several packages share: real processes to run, and arts to run them with."""
