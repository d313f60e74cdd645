"""The HTTP gateway: requests in, JSON out. It knows no torch and no Celery.

Its packages stand on each other in one order, which `pyproject.toml` lists for import-linter, and
each says at its head what belongs there.
"""
