"""The rules that mend what chargers get wrong."""

from fastapi import APIRouter

from voltring_api.models.base import Page
from voltring_api.models.quirk import Quirk
from voltring_core.ocpp.quirks.rules import CATALOGUE

router = APIRouter(tags=["chargers"])


@router.get("/quirks", summary="List the rules for odd chargers")
async def list_quirks() -> Page[Quirk]:
    """All rules that a charger's `quirks` may set, in the order in which they are applied; always one page."""
    rules = [
        Quirk(name=it.name, where=it.where, takes=it.takes.wants, does=it.does, actions=sorted(it.actions))
        for it in CATALOGUE.values()
    ]
    return Page(items=rules, next_cursor=None)
