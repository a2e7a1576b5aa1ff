"""`voltring simulate`: simulated chargers against any CSMS."""

import asyncio

import click

from voltring_core import runtime
from voltring_core.ocpp.versions import Version
from voltring_loadtest.profile import Profile
from voltring_loadtest.report import figures
from voltring_loadtest.swarm import Plan, Swarm
from voltring_loadtest.target import Target, target

MIX = "mix"
TOKENS = 12
FIRST_LINES = (2.0, 8.0)  # seconds: a newcomer wants to see something soon


@click.command()
@click.option("--url", required=True, help="The CSMS, e.g. ws://127.0.0.1:9000/ocpp; each charger appends its id.")
@click.option("--count", default=12, show_default=True, type=click.IntRange(1, 20_000), help="Chargers.")
@click.option(
    "--version",
    "version",
    default=MIX,
    show_default=True,
    type=click.Choice([MIX, *(known.value for known in Version)]),
    help="The chargers' version of OCPP.",
)
@click.option("--id-prefix", default="SIM-", show_default=True, help="Chargers are <prefix>0001 and on.")
@click.option(
    "--id-token-prefix",
    default="DEMO-",
    show_default=True,
    help=f"Drivers' cards are <prefix>0001 to <prefix>{TOKENS:04}.",
)
@click.option("--password", default=None, help="HTTP Basic password of every charger.")
@click.option(
    "--meter-interval",
    default=10,
    show_default=True,
    type=click.IntRange(0, 86_400),
    help="Seconds between meter samples; 0 for none.",
)
@click.option(
    "--session-minutes",
    default=4.0,
    show_default=True,
    type=click.FloatRange(0.05, 10_000),
    help="How long a car charges, on average.",
)
@click.option(
    "--busy",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="The share of chargers at which a car charges; 0: only remote starts.",
)
@click.option(
    "--connect-rate",
    default=100.0,
    show_default=True,
    type=click.FloatRange(0.1, 10_000),
    help="Connections begun in a second.",
)
@click.option(
    "--reconnect-min",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.05, 3600),
    help="Seconds before the first new try; doubled at each further one, with jitter.",
)
@click.option("--deflate", is_flag=True, help="Offer permessage-deflate.")
@click.option("--report-interval", default=10.0, show_default=True, type=click.FloatRange(0.5, 3600))
@click.option("--seed", default=None, type=int, help="The same seed makes the same chargers and drivers.")
def simulate(
    url: str,
    count: int,
    version: str,
    id_prefix: str,
    id_token_prefix: str,
    password: str | None,
    meter_interval: int,
    session_minutes: float,
    busy: float,
    connect_rate: float,
    reconnect_min: float,
    deflate: bool,
    report_interval: float,
    seed: int | None,
) -> None:
    """Play chargers that connect, charge and leave, against any CSMS."""
    try:
        where = target(url, password, deflate)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--url") from None
    profile = Profile(
        id_tokens=tuple(f"{id_token_prefix}{number:04}" for number in range(1, TOKENS + 1)),
        session_seconds=60 * session_minutes,
        busy=busy,
        meter_interval=meter_interval,
    )
    versions = tuple(Version) if version == MIX else (Version(version),)
    plan = Plan(count, versions, profile, id_prefix, connect_rate, reconnect_min, seed)
    runtime.run(lambda stop: _play(plan, where, report_interval, stop))


async def _play(plan: Plan, where: Target, interval: float, stop: asyncio.Event) -> None:
    click.echo(f"{plan.count} chargers against {where}, from {plan.identity(1)} on")
    swarm = Swarm(plan, where)
    async with asyncio.TaskGroup() as group:
        group.create_task(swarm.run(stop), name="swarm")
        group.create_task(_report(swarm, interval, stop), name="report")
    click.echo(f"stopped: {figures(swarm.stations).energy_wh / 1000:.2f} kWh delivered")


async def _report(swarm: Swarm, interval: float, stop: asyncio.Event) -> None:
    told = 0
    while not stop.is_set():
        await runtime.wait(stop, FIRST_LINES[told] if told < len(FIRST_LINES) else interval)
        told += 1
        if stop.is_set():
            return
        for line in swarm.refusals.lines():
            click.echo(line)
        click.echo(figures(swarm.stations).line())
