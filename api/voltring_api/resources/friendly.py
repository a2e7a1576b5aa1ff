"""Commands in the words of operators: start, stop, reset, unlock, whatever version the charger speaks."""

import hashlib
import secrets
from uuid import UUID

from fastapi import APIRouter, Response

from voltring_api.dispatch import Terms
from voltring_api.models.command import Command, RemoteStart, RemoteStop, Reset, Unlock
from voltring_api.openapi import errors, outcomes
from voltring_api.parts import AllParts, Pool, Who
from voltring_api.resources.terms import IdempotencyKey, Prefer, answer, terms_of
from voltring_core.errors import Conflict, NotFound
from voltring_core.ocpp import intents
from voltring_core.ocpp.intents import Intent
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import Record
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "friendly.sql")
router = APIRouter(prefix="/chargers/{charger_id}", tags=["commands"])
RESPONSES = {**outcomes(Command), **errors(404, 409, 422, 429)}
LARGEST_ID = 2**31 - 1
STOPS = frozenset({"RemoteStopTransaction", "RequestStopTransaction"})


@router.post("/remote-start", status_code=201, responses=RESPONSES, summary="Start a session")
async def remote_start(
    charger_id: str,
    wish: RemoteStart,
    parts: AllParts,
    who: Who,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Command:
    """Start a session for an id token."""
    terms = terms_of(who, idempotency_key, prefer, wish.deadline_s)
    target = await parts.dispatch.target(charger_id, terms)
    kind = await parts.pool.fetchval(SQL["token_type"], wish.id_token)
    wanted = intents.remote_start(
        target.version,
        id_token=wish.id_token,
        id_token_type=kind or "ISO14443",
        evse_id=wish.evse_id,
        remote_start_id=start_id(terms, charger_id),
    )
    return answer(await parts.dispatch.send(target, wanted, terms), terms, response)


@router.post("/remote-stop", status_code=201, responses=RESPONSES, summary="Stop a session")
async def remote_stop(
    charger_id: str,
    parts: AllParts,
    who: Who,
    response: Response,
    wish: RemoteStop | None = None,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Command:
    """Stop a session; without `transaction_id` the only one that runs on this charger (409 if there is none)."""
    wish = wish or RemoteStop()
    terms = terms_of(who, idempotency_key, prefer, wish.deadline_s)
    target = await parts.dispatch.target(charger_id, terms)
    before = await parts.dispatch.earlier(target)
    if before is not None and wish.transaction_id is None:
        return answer(await parts.dispatch.repeat(_same_stop(before, charger_id), terms), terms, response)
    ocpp_id = await _running(parts.pool, charger_id, wish.transaction_id, repeated=before is not None)
    return answer(await parts.dispatch.send(target, _stop(target.version, ocpp_id), terms), terms, response)


@router.post("/reset", status_code=201, responses=RESPONSES, summary="Restart a charger")
async def reset(
    charger_id: str,
    parts: AllParts,
    who: Who,
    response: Response,
    wish: Reset | None = None,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Command:
    """Restart a charger, after its sessions (soft) or at once (hard)."""
    wish = wish or Reset()
    terms = terms_of(who, idempotency_key, prefer, wish.deadline_s)
    target = await parts.dispatch.target(charger_id, terms)
    wanted = intents.reset(target.version, kind=wish.type, evse_id=wish.evse_id)
    return answer(await parts.dispatch.send(target, wanted, terms), terms, response)


@router.post("/unlock", status_code=201, responses=RESPONSES, summary="Release a plug")
async def unlock(
    charger_id: str,
    parts: AllParts,
    who: Who,
    response: Response,
    wish: Unlock | None = None,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Command:
    """Release the plug of a connector."""
    wish = wish or Unlock()
    terms = terms_of(who, idempotency_key, prefer, wish.deadline_s)
    target = await parts.dispatch.target(charger_id, terms)
    wanted = intents.unlock(target.version, evse_id=wish.evse_id, connector_id=wish.connector_id)
    return answer(await parts.dispatch.send(target, wanted, terms), terms, response)


def start_id(terms: Terms, charger_id: str) -> int:
    """The number that joins a start to its transaction; the same for a repeated key, else a random one."""
    if terms.idempotency_key is None:
        return secrets.randbelow(LARGEST_ID) + 1
    said = "\n".join((terms.who.name, charger_id, terms.idempotency_key))
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8]) % LARGEST_ID + 1


def _same_stop(before: Record, charger_id: str) -> Record:
    """The stop that a key made before: what it stopped runs no longer, so nothing is looked for again."""
    if before["charger_id"] != charger_id or before["action"] not in STOPS:
        raise Conflict("this Idempotency-Key was used for another request")
    return before


async def _running(pool: Pool, charger_id: str, transaction_id: UUID | None, *, repeated: bool) -> str:
    """What the charger calls the session that is to stop."""
    if transaction_id is not None:
        return await _this_one(pool, charger_id, transaction_id, repeated=repeated)
    running = await pool.fetch(SQL["running"], charger_id)
    if not running:
        raise Conflict(f"no session runs on the charger {charger_id!r}")
    if len(running) > 1:
        raise Conflict(f"several sessions run on the charger {charger_id!r}: say which by transaction_id")
    return str(running[0]["ocpp_transaction_id"])


async def _this_one(pool: Pool, charger_id: str, transaction_id: UUID, *, repeated: bool) -> str:
    row = await pool.fetchrow(SQL["transaction"], transaction_id, charger_id)
    if row is None:
        raise NotFound(f"there is no transaction {transaction_id} on the charger {charger_id!r}")
    if row["state"] != "Active" and not repeated:
        raise Conflict(f"the transaction {transaction_id} does not run any more")
    return str(row["ocpp_transaction_id"])


def _stop(version: Version, ocpp_transaction_id: str) -> Intent:
    try:
        return intents.remote_stop(version, ocpp_transaction_id=ocpp_transaction_id)
    except ValueError:
        said = f"the transaction {ocpp_transaction_id!r} has no number that OCPP {version} could name"
        raise Conflict(said) from None
