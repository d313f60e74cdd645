"""The gateway as an ASGI application: `uvicorn --factory api.main:create_app`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.responses import Response

from api.access.auth import Keyring
from api.access.guard import Guard
from api.dependencies import Gateway, State
from api.documented import document
from api.engine.metrics import PROBES, Meter, Metrics
from api.engine.overview import Overview
from api.engine.redis_line import RedisLine
from api.engine.wakeups import Wakeups
from api.http import errors
from api.http.head import Head
from api.http.linger import Linger
from api.incoming.intake import Intake
from api.outgoing.fetch import Fetcher
from api.outgoing.webhooks import Webhooks
from api.routes import (
    archives,
    assets,
    health,
    jobs,
    many,
    models,
    outputs,
    previews,
    reproduce,
    studio,
    webhooks,
    workers,
)
from api.routes.kinds import router_of
from api.settings import ApiSettings
from genart_core.catalogue import kinds
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.caller import Limits
from genart_core.tracing import Tracing, open_tracing

_FLUSH_SECONDS = 1.0  # for spans that are left at the end


def create_app(settings: ApiSettings | None = None) -> FastAPI:
    """Return the application; without settings they are read from the environment."""
    settings = settings or ApiSettings()
    metrics, tracing = Metrics(), open_tracing("genart-gateway")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        async with _open(settings, metrics, tracing) as gateway:
            yield {"gateway": gateway}
        if tracing is not None:
            await asyncio.to_thread(tracing.close, _FLUSH_SECONDS)

    app = FastAPI(
        title="genart",
        version=version("genart"),
        summary="Generative art as a service",
        description=document.DESCRIPTION,
        lifespan=lifespan,
        default_response_class=Response,
        redirect_slashes=False,
        openapi_url=None,  # `api.documented.document` serves it, at /openapi.json
        docs_url=None,  # Swagger UI comes from a CDN
        redoc_url=None,
        openapi_tags=document.TAGS,
        telemetry=_telemetry(tracing),
    )
    app.state.kinds = kinds()
    resources = (
        reproduce,
        many,
        jobs,
        webhooks,
        outputs,
        archives,
        previews,
        assets,
        models,
        workers,
        health,
        studio,
    )
    for router in (router_of(kinds()), *(resource.router for resource in resources)):
        app.include_router(router)
    errors.register(app)
    app.add_middleware(Head)
    app.add_middleware(Guard, hosts=settings.hosts, origins=settings.cors_origins)
    app.add_middleware(Meter, metrics=metrics, log_access=settings.logs_access)
    app.add_middleware(Linger, limit=settings.max_body_bytes)
    document.install(app)
    return app


@asynccontextmanager
async def _open(
    settings: ApiSettings, metrics: Metrics, tracing: Tracing | None
) -> AsyncIterator[Gateway]:
    """Open the gateway's connections and start what runs beside the requests."""
    if not settings.redis_url:
        raise RuntimeError("REDIS_URL is not set; `genart up` starts a Redis of its own")
    redis = RedisLine(settings.redis_url, patience_seconds=settings.redis_patience_seconds)
    wakeups, limits = Wakeups(redis), _limits(settings)
    keyring = Keyring(redis, settings, wakeups, limits)
    gateway = Gateway(
        settings=settings,
        redis=redis,
        blobs=BlobStore(settings.blobs),
        intake=Intake(),
        wakeups=wakeups,
        keyring=keyring,
        overview=Overview(redis, settings.home, kinds()),
        metrics=metrics,
        fetcher=Fetcher(max_bytes=settings.max_image_bytes) if settings.fetch_urls else None,
        webhooks=_webhooks(settings, redis, metrics, keyring),
        tracing=tracing,
    )
    running = [
        asyncio.create_task(gateway.wakeups.listen(), name="wakeups"),
        asyncio.create_task(gateway.keyring.keep_fresh(), name="keyring"),
        asyncio.create_task(gateway.overview.keep_fresh(), name="overview"),
    ]
    if gateway.webhooks is not None:
        running.append(asyncio.create_task(gateway.webhooks.keep_delivering(), name="webhooks"))
    try:
        yield gateway
    finally:
        gateway.drain()
        for task in running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        gateway.intake.close()
        if gateway.fetcher is not None:
            gateway.fetcher.close()
        await redis.aclose()


def _telemetry(tracing: Tracing | None) -> TelemetryConfig:
    """Have the framework take a span of each request, if any are taken, and nothing else."""
    return {
        "tracing": tracing is not None,
        "tracer_provider": None if tracing is None else tracing.provider,
        "operation_spans": False,
        "metrics": False,  # `api.engine.metrics` has them
        "logs": False,
        "auto_configure": False,
        "exclude": lambda scope: scope["path"] in PROBES,
    }


def _webhooks(
    settings: ApiSettings, redis: RedisLine, metrics: Metrics, keyring: Keyring
) -> Webhooks | None:
    if not settings.webhook_keys:
        return None
    return Webhooks(
        redis,
        settings.webhook_keys,
        count=metrics.count_webhook,
        keys_of=keyring.webhook_keys_of,
        plain_hosts=settings.plain_webhook_hosts,
    )


def _limits(settings: ApiSettings) -> Limits:
    return Limits(
        active_per_client=settings.active_jobs_per_client,
        ready=settings.queue_cap,
        deadline_ms=settings.job_deadline_seconds * 1000,
        bytes_per_client=settings.queue_bytes_per_client,
        submits_per_minute=settings.submits_per_minute,
        asset_bytes=settings.asset_bytes_per_client,
        webhooks_per_client=settings.webhooks_per_client,
        webhooks=settings.webhook_cap,
    )
