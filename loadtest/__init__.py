"""Load tests: Locust scenarios, and an oracle that every accepted job is held against."""
