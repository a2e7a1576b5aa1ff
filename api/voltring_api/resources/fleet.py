"""The fleet in numbers."""

from fastapi import APIRouter

from voltring_api.models.fleet import Fleet
from voltring_api.parts import AllParts

router = APIRouter(tags=["fleet"])


@router.get("/fleet", summary="The fleet in numbers")
async def read_fleet(parts: AllParts) -> Fleet:
    """Counts of everything, at most a second old."""
    return await parts.counter.count()
