"""A site: a place with chargers, whose clock prices go by."""

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints

from voltring_api.models.base import Input, Instant, Name, Output

MACHINES_OWN = frozenset({"localtime", "Factory"})
"""Names that stand for another zone on each machine, or for none."""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - MACHINES_OWN


def _is_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("must be an IANA time zone, such as Europe/Berlin")
    return name


TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_is_zone)]
SiteId = Annotated[Name, Field(max_length=100, examples=["depot-north"])]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class SiteValues(Input):
    """What is kept of a site; PUT replaces all of it."""

    name: Words = Field(examples=["Depot North"])
    place: Annotated[str, StringConstraints(max_length=500)] | None = Field(default=None, description="Its address.")
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None
    time_zone: TimeZone = Field(
        default="UTC", description="IANA. Prices by the time of day go by it.", examples=["Europe/Berlin"]
    )


class NewSite(SiteValues):
    """A site to be created."""

    id: SiteId


class Site(Output):
    """A site."""

    id: str
    name: str
    place: str | None
    latitude: float | None
    longitude: float | None
    time_zone: str
    created_at: Instant
