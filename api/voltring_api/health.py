"""For those who look after the API: /healthz, /readyz and /metrics, without a key."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from voltring_api.parts import AllParts
from voltring_core.store.database import is_ready

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> Response:
    """The process runs."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
async def readyz(parts: AllParts) -> Response:
    """Requests can be served: PostgreSQL answers and the API is not stopping. Redis only makes it quicker."""
    if parts.stopping.is_set():
        return JSONResponse({"status": "stopping"}, 503)
    postgres = await is_ready(parts.pool)
    redis = not (await parts.presence.live()).unsure
    status = {"status": "ready" if postgres else "not ready", "postgres": postgres, "redis": redis}
    return JSONResponse(status, 200 if postgres else 503)


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
