"""How a charger shows what a session costs."""

from fastapi import APIRouter

from voltring_api import audit
from voltring_api.models.billing import CostDisplay, CostDisplayOfCharger
from voltring_api.openapi import errors
from voltring_api.parts import Pool, Who
from voltring_core.errors import NotFound
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "billing.sql")
router = APIRouter(prefix="/chargers/{charger_id}/cost-display", tags=["billing"])


@router.get("", responses=errors(404), summary="Read how a charger shows costs")
async def read_cost_display(charger_id: str, pool: Pool) -> CostDisplayOfCharger:
    """Its own setting, or that it goes by its device model."""
    row = await pool.fetchrow(SQL["cost_display"], charger_id)
    if row is None:
        raise NotFound(f"there is no charger {charger_id!r}")
    return _told(None if row["cost_display"] is None else CostDisplay(**row["cost_display"]))


@router.put("", responses=errors(404, 422), summary="Set how a charger shows costs")
async def put_cost_display(charger_id: str, wish: CostDisplay, pool: Pool, who: Who) -> CostDisplayOfCharger:
    """Have it shown by CostUpdated and `totalCost` (OCPP 2.x), by a DataTransfer of the charger's vendor (OCPP 1.6), or
    not at all."""
    await _set(pool, charger_id, wish, who)
    return _told(wish)


@router.delete("", status_code=204, responses=errors(404), summary="Let a charger's device model say how")
async def delete_cost_display(charger_id: str, pool: Pool, who: Who) -> None:
    """Forget its own setting."""
    await _set(pool, charger_id, None, who)


async def _set(pool: Pool, charger_id: str, wish: CostDisplay | None, who: Who) -> None:
    content = None if wish is None else wish.model_dump(mode="json")
    async with pool.acquire() as connection, connection.transaction():
        if await connection.execute(SQL["set_cost_display"], charger_id, content) == "UPDATE 0":
            raise NotFound(f"there is no charger {charger_id!r}")
        await audit.record(connection, who, "charger.cost_display", f"charger:{charger_id}", display=content)


def _told(display: CostDisplay | None) -> CostDisplayOfCharger:
    return CostDisplayOfCharger(setting="device model" if display is None else "own", display=display)
