"""The fleet in numbers."""

from typing import Annotated

from fastapi import APIRouter, Query

from voltring_api import cursors
from voltring_api.models.base import Page
from voltring_api.models.fleet import Fleet, SiteFleet
from voltring_api.openapi import errors
from voltring_api.parts import AllParts
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page

router = APIRouter(tags=["fleet"])


@router.get("/fleet", responses=errors(404, 422), summary="The fleet in numbers")
async def read_fleet(
    parts: AllParts,
    site: Annotated[str | None, Query(max_length=255, description="Only the chargers of this site.")] = None,
) -> Fleet:
    """Counts of everything, at most a second old; what takes longer to count, at most ten seconds."""
    return await parts.counter.count(site)


@router.get("/fleet/sites", responses=errors(422), summary="The sites in numbers")
async def list_sites(
    parts: AllParts,
    q: Annotated[str | None, Query(max_length=100, description="Part of id, name or place.")] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[SiteFleet]:
    """Each site by id, at most a second old. The chargers without a site come last, as a site without id."""
    (after,) = cursors.decode(cursor, "fleet-sites", cursors.text)
    found = [site for site in await parts.counter.sites() if _fits(site, q) and _is_after(site, after)]
    return page(found[: limit + 1], limit, lambda site: site, "fleet-sites", lambda site: (site.id,))


def _fits(site: SiteFleet, q: str | None) -> bool:
    return not q or (site.id is not None and q.lower() in f"{site.id} {site.name} {site.place or ''}".lower())


def _is_after(site: SiteFleet, after: str | None) -> bool:
    return after is None or site.id is None or site.id > after
