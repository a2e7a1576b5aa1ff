"""The application: parts in, ASGI out. Every part is built in `parts.build` and handed on from here."""

from importlib.metadata import version

from fastapi import FastAPI

from voltring_api import openapi
from voltring_api.authentication import Authentication
from voltring_api.deadline import Deadline
from voltring_api.guards import SecurityHeaders, Unexpected, UsableInput
from voltring_api.metrics import Measured
from voltring_api.parameters import KnownParameters, places
from voltring_api.parts import Parts
from voltring_api.problems import HANDLERS
from voltring_api.resources import (
    alarms,
    api_keys,
    billing,
    cdrs,
    chargers,
    commands,
    cost_display,
    events,
    fleet,
    friendly,
    id_tokens,
    inbox,
    me,
    messages,
    quirks,
    quotes,
    records,
    registration,
    reports,
    sending,
    signed_meter_values,
    sites,
    station_events,
    tariff_assignments,
    tariffs,
    timeline,
    transactions,
    variables,
)
from voltring_api.site import Site
from voltring_api.tracing import Traced

# Looked through in this order at every request: where every millisecond counts comes first.
RESOURCES = (
    sending,
    commands,
    friendly,
    fleet,
    chargers,
    registration,
    quirks,
    messages,
    variables,
    reports,
    station_events,
    records,
    timeline,
    transactions,
    signed_meter_values,
    id_tokens,
    sites,
    quotes,
    tariffs,
    tariff_assignments,
    billing,
    cdrs,
    cost_display,
    alarms,
    inbox,
    events,
    me,
    api_keys,
)
PREFIX = "/v1"


def create_app(parts: Parts) -> FastAPI:
    """The whole API of one replica."""
    app = FastAPI(
        title="Voltring",
        version=version("voltring"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=HANDLERS,
        # Looking for a tracing library at every request costs more than routing it.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.parts = parts
    # One level of routers: each more is walked through at every request.
    for resource in RESOURCES:
        app.include_router(resource.router, prefix=PREFIX)
    # What no route takes: the dashboard and the documentation.
    app.router.default = Site()
    openapi.describe(app)
    _guard(app, parts)
    return app


def _guard(app: FastAPI, parts: Parts) -> None:
    """What stands around every request, from inside out."""
    app.add_middleware(KnownParameters, places=tuple(places((resource.router for resource in RESOURCES), PREFIX)))
    app.add_middleware(UsableInput)
    app.add_middleware(Authentication, keys=parts.keys)
    app.add_middleware(Deadline)
    app.add_middleware(Unexpected)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Traced)
    app.add_middleware(Measured)
