"""The `genart` command: starts the service, asks it, trains models and lists them.

Its packages stand on each other in one order, which `pyproject.toml` lists for import-linter, and
each says at its head what belongs there.
"""
