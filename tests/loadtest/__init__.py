"""The load test's own judgement, where nothing is under load."""
