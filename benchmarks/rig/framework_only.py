"""What FastAPI itself costs: our request class, a 202, and nothing behind it."""

from fastapi import FastAPI

from benchmarks.noop import NoopRequest


def create_app() -> FastAPI:
    """Return the application."""
    app = FastAPI()

    @app.post("/v1/noop", status_code=202)
    async def make(request: NoopRequest) -> dict[str, str]:
        return {"id": "0" * 26, "status": "queued"}

    return app
