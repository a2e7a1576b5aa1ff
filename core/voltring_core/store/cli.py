"""`voltring migrate` and `voltring api-key`: what an administrator does to the database by hand."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import click

from voltring_core.domain.secrets import digest, new_secret
from voltring_core.errors import SettingsError
from voltring_core.settings import DatabaseSettings
from voltring_core.settings import load as load_settings
from voltring_core.store.migrate import migrate as apply_migrations
from voltring_core.store.queries import load

T = TypeVar("T")


@click.command()
def migrate() -> None:
    """Bring the database schema up to date (safe to repeat)."""
    for migration in asyncio.run(with_database(apply_migrations)):
        click.echo(f"applied {migration.number:04} {migration.name}")


@click.command("api-key")
@click.argument("name")
@click.option("--role", type=click.Choice(["viewer", "operator", "admin"]), default="viewer", show_default=True)
def api_key(name: str, role: str) -> None:
    """Make (or replace) an API key and print it once."""
    secret = new_secret()
    asyncio.run(with_database(lambda dsn: _store_key(dsn, name, role, secret)))
    click.echo(secret)


async def _store_key(dsn: str, name: str, role: str, secret: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(load("voltring_core.store", "api_keys.sql")["put"], name, role, digest(secret))
    finally:
        await connection.close()


async def with_database(work: Callable[[str], Awaitable[T]]) -> T:
    """Run `work(dsn)`; a wrong setting or an unreachable database ends the command with one sentence."""
    try:
        dsn = load_settings(DatabaseSettings).postgres_dsn
    except SettingsError as error:
        click.echo(f"voltring: {error.message}", err=True)
        raise SystemExit(2) from None
    try:
        return await work(dsn)
    except (OSError, asyncpg.PostgresError) as error:
        click.echo(f"voltring: PostgreSQL (VOLTRING_POSTGRES_DSN) can't be used: {error}", err=True)
        raise SystemExit(1) from None
