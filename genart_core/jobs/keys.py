"""Names in Redis that Python needs; the Lua transitions (`lua/prelude.lua`) build the same ones."""

NAMESPACE = "genart"

CHANGED = f"{NAMESPACE}:changed"
"""Channel that carries `<job id> <version> <status>` for each change."""

DOORBELL = f"{NAMESPACE}:doorbell"
"""The Celery queue."""
