"""Whose key this is: what a dashboard asks first."""

from fastapi import APIRouter

from voltring_api.models.api_key import Me
from voltring_api.parts import Who

router = APIRouter(tags=["API keys"])


@router.get("/me", summary="Whose key this is")
async def read_me(who: Who) -> Me:
    """The name and role of the key that you use."""
    return Me(name=who.name, role=who.role)
