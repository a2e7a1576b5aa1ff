"""`voltring loadtest`: the command line becomes a `Trial`; the work is in `conduct`, which is imported last of all."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from voltring_loadtest.load import aims
from voltring_loadtest.load.profiles import PROFILES, Event
from voltring_loadtest.load.trial import MOST_CHARGERS, MOST_MINUTES, Limits, Trial

if TYPE_CHECKING:
    from voltring_loadtest.load.verdict import Verdict

PROFILE_LINES = "\n".join(f"  {story.name:<16} {story.says}" for story in PROFILES.values())


Command = TypeVar("Command", bound=Callable[..., Any])


def _option(*names: str, **more: Any) -> Callable[[Command], Command]:
    more.setdefault("show_default", more.get("default") is not None)
    return click.option(*names, **more)


@click.command(epilog=f"\b\nProfiles:\n{PROFILE_LINES}")
@click.argument("profile", type=click.Choice(list(PROFILES)))
@_option("--chargers", default=200, type=click.IntRange(1, MOST_CHARGERS), help="Simulated chargers.")
@_option("--minutes", default=1.0, type=click.FloatRange(0.02, MOST_MINUTES), help="Measured, once all are connected.")
@_option("--url", help="The CSMS, e.g. ws://127.0.0.1:9000/ocpp.  [default: `voltring up` on this machine]")
@_option("--api", help="Its REST API, e.g. http://127.0.0.1:8080.")
@_option("--api-token", envvar="VOLTRING_LOADTEST_API_TOKEN", help="An API key of an administrator.")
@_option("--data-dir", type=click.Path(path_type=Path), help="Of `voltring up`, if --url is not given.")
@_option("--ready-file", type=click.Path(path_type=Path), help="Of `voltring up`, likewise.")
@_option("--i-may-load", multiple=True, metavar="HOST", help="A host other than this machine that may be loaded.")
@_option("--out", type=click.Path(path_type=Path), help="Folder of the report.  [default: loadtest-reports/...]")
@_option("--web", is_flag=True, help="Show locust's web UI while it runs, on this machine only.")
@_option("--web-port", default=8089, type=click.IntRange(1, 65535))
@_option("--connect-rate", default=200.0, type=click.FloatRange(0.1, 10_000), help="Connections begun in a second.")
@_option("--message-every", default=30.0, type=click.FloatRange(1, 3600), help="Seconds between a charger's samples.")
@_option("--shard-size", default=500, type=click.IntRange(1, 5000), help="Chargers in one process.")
@_option("--password", envvar="VOLTRING_LOADTEST_PASSWORD", help="HTTP Basic password of every charger.")
@_option("--ca-file", type=click.Path(exists=True, dir_okay=False), help="Certificates that the server's is signed by.")
@_option("--register", "registers", is_flag=True, help="Register the chargers with the password first, over the API.")
@_option("--id-prefix", default="LOAD-", help="Chargers are <prefix>0001 and on.")
@_option("--id-token-prefix", default="LOADTEST-", help="Cards are <prefix>0001 and on.")
@_option("--answer-timeout", default=30.0, type=click.FloatRange(0.5, 600), help="Seconds that an answer may take.")
@_option("--reconnect-min", default=1.0, type=click.FloatRange(0.05, 3600), help="Seconds before the first new try.")
@_option("--settle", type=click.FloatRange(0, 3600), help="Seconds between the last acceptance and the measuring.")
@_option("--check-every", default=1, type=click.IntRange(1, 10_000), help="Check each n-th answer by its schema.")
@_option("--command-rate", default=20.0, type=click.FloatRange(0.1, 2000), help="command-storm: commands a second.")
@_option("--restart-command", help="rolling-restart: run without a shell for each restart.")
@_option("--restarts", default=2, type=click.IntRange(1, 1000), help="How often --restart-command is run.")
@_option("--restart-every", default=20.0, type=click.FloatRange(0, 3600), help="Seconds between two restarts.")
@_option("--node-admin", multiple=True, metavar="URL", help="rolling-restart: drain this node, and let it serve again.")
@_option("--admin-token", envvar="VOLTRING_LOADTEST_ADMIN_TOKEN", help="The nodes' VOLTRING_ADMIN_TOKEN.")
@_option("--ack-p99-ms", default=100.0, type=click.FloatRange(0.1), help="Limit: acknowledgements.")
@_option("--max-failures", default=0, type=click.IntRange(0), help="Limit: failures.")
@_option("--message-share", default=0.9, type=click.FloatRange(0, 1), help="Limit: the share of samples due that came.")
@_option("--back-within", type=click.FloatRange(0.1), help="Limit: seconds until all are back.  [default: by chargers]")
@_option("--command-p50-ms", default=5.0, type=click.FloatRange(0.1), help="Limit: commands.")
@_option("--command-p99-ms", default=25.0, type=click.FloatRange(0.1), help="Limit: commands.")
@_option("--seed", default=1, type=int, help="The same seed makes the same chargers and drivers.")
def loadtest(profile: str, **given: Any) -> None:
    """Load a CSMS with simulated chargers, check what they get, and say whether it holds.

    Without --url it goes to `voltring up` on this machine. The report (report.html, PNG, verdict.json, locust's CSV
    and HTML) is in --out; the exit status is 1 when a limit is broken.
    """
    try:
        trial = _trial(profile, given)
    except aims.NoAim as error:
        raise click.UsageError(str(error)) from None
    folder = given["out"] or Path("loadtest-reports") / f"{profile}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(f"{profile}: {trial.chargers:,} chargers against {trial.url}")
    from voltring_loadtest.load.conduct import conduct
    from voltring_loadtest.load.preparing import Unprepared

    try:
        verdict = conduct(
            trial, folder, web_port=given["web_port"] if given["web"] else None, registers=given["registers"]
        )
    except Unprepared as error:
        raise click.ClickException(str(error)) from None
    _print(verdict, folder)
    raise SystemExit(0 if verdict.ok else 1)


def _trial(profile: str, given: dict[str, Any]) -> Trial:
    """Raises NoAim for what does not go together."""
    story, aim = PROFILES[profile], _aim(given)
    if story.needs_tls and not aim.url.startswith("wss://"):
        raise aims.NoAim(f"{profile} needs a wss:// address: give it by --url")
    if story.needs_tls and not (given["password"] or given["registers"]):
        raise aims.NoAim(f"{profile} needs --password, or --register, which makes one")
    needs_api = story.event is Event.COMMANDS or given["registers"]
    if needs_api and (aim.api is None or aim.api_token is None):
        raise aims.NoAim("this needs the REST API: give --api and --api-token")
    if given["node_admin"] and not given["admin_token"]:
        raise aims.NoAim("--node-admin needs --admin-token")
    password = given["password"] or (secrets.token_urlsafe(24) if given["registers"] else None)
    return Trial(
        profile=profile,
        url=aim.url,
        api=aim.api.rstrip("/") if aim.api else None,
        api_token=aim.api_token,
        password=password,
        back_off=given["reconnect_min"],
        node_admins=tuple(url.rstrip("/") for url in given["node_admin"]),
        limits=Limits(
            ack_p99_ms=given["ack_p99_ms"],
            failures=given["max_failures"],
            rate_share=given["message_share"],
            back_within_s=given["back_within"],
            command_p50_ms=given["command_p50_ms"],
            command_p99_ms=given["command_p99_ms"],
        ),
        **{name: given[name] for name in SAME},
    )


SAME = (
    *("chargers", "minutes", "shard_size", "connect_rate", "message_every", "ca_file", "id_prefix", "id_token_prefix"),
    *("answer_timeout", "settle", "check_every", "command_rate", "restart_command", "restarts", "restart_every"),
    *("admin_token", "seed"),
)
"""Options that are named as the trial's fields."""


def _aim(given: dict[str, Any]) -> aims.Aim:
    if given["url"] is None:
        here = aims.of_this_machine(given["data_dir"] or aims.data_dir(), given["ready_file"])
        aim = aims.Aim(here.url, given["api"] or here.api, given["api_token"] or here.api_token)
    else:
        aim = aims.Aim(given["url"], given["api"], given["api_token"])
    if not aim.url.startswith(("ws://", "wss://")):
        raise aims.NoAim(f"{aim.url!r} is not a WebSocket URL: it looks like {aims.OCPP}")
    if (aim.api is None) != (aim.api_token is None):
        raise aims.NoAim("--api and --api-token go together")
    if aim.api is not None and not aim.api.startswith(("http://", "https://")):
        raise aims.NoAim(f"{aim.api!r} is not an HTTP URL: it looks like {aims.API}")
    aims.refuse_strangers([aim.url, *([aim.api] if aim.api else []), *given["node_admin"]], given["i_may_load"])
    return aim


def _print(verdict: "Verdict", folder: Path) -> None:
    """The table of the verdict."""
    rows = [(one.name, one.wanted, one.found, "ok" if one.ok else "FAILED") for one in verdict.checks]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    click.echo()
    for name, wanted, found, word in rows:
        click.echo(f"  {name:<{widths[0]}}  {wanted:<{widths[1]}}  {found:<{widths[2]}}  {word}")
    click.echo(f"\n{'passed' if verdict.ok else 'FAILED'}; the report is {folder / 'report.html'}")
