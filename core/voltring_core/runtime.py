"""How every room runs: signals, named and supervised tasks, one order of stopping.

A room's `cli.py` calls `run(main)`; `main(stop)` builds its parts, starts them in one TaskGroup and returns when
`stop` is set. A supervised task that fails is logged and started again after a growing pause; nothing is
fire-and-forget.
"""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
from collections.abc import Awaitable, Callable

import click
import uvloop

from voltring_core import tracing
from voltring_core.errors import SchemaOutdated, SettingsError
from voltring_core.saying import Saying

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
SETTLED_S = 30.0
"""Seconds after which work that had failed goes well again: longer than a server that hangs takes to be noticed."""
COLLECT_AFTER = (100_000, 20, 20)
"""Containers made and not freed until the collector looks at the young ones, and looks until the older ones' turn."""
logger = logging.getLogger("voltring.runtime")


def run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run a room until SIGTERM or Ctrl-C; a wrong setting ends it with status 2 and one sentence."""
    _allow_open_files()
    try:
        uvloop.run(_until_signalled(main))
    except BaseException as error:
        if (sentence := _wrong_start(error)) is None:
            raise
        click.echo(f"voltring: {sentence}", err=True)
        raise SystemExit(2) from None
    finally:
        tracing.stop()


def _allow_open_files() -> None:
    """As many as the machine allows: each charger and each client is one, and the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # a hard limit of infinity is more than some systems can do
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _wrong_start(error: BaseException) -> str | None:
    """The sentence of an error that is the operator's to mend, also from within task groups; else None."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for one in error.exceptions if (found := _wrong_start(one))), None)
    return error.message if isinstance(error, SettingsError | SchemaOutdated) else None


async def _until_signalled(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await main(stop)


def spare_the_collector() -> None:
    """Look for garbage in cycles less often; to be called when a room is built.

    Almost everything is freed by its reference count. What a room holds for its whole life is not looked at again,
    and a group of messages on its way is no reason to look.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


async def supervise(
    name: str,
    work: Callable[[], Awaitable[None]],
    stop: asyncio.Event,
    away: tuple[type[Exception], ...] = (),
) -> None:
    """Run `work` until `stop`; if it fails or returns early, say so and run it again after a growing pause.

    `away` are errors that mean a server is away: they are said in a sentence, others with their traceback.
    """
    pause, saying = FIRST_PAUSE, Saying(logger)
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        settled = asyncio.get_running_loop().call_later(SETTLED_S, saying.over, "%s goes on", name)
        try:
            await work()
            if not stop.is_set():
                logger.warning("%s ended early and starts again", name)
        except away as error:
            saying.met("%s waits: %s", name, error or type(error).__name__)
        except Exception:
            # Whatever it was, the loop must live on; the log has the story.
            logger.exception("%s failed and starts again", name)
        finally:
            settled.cancel()
        if asyncio.get_running_loop().time() - started > LONGEST_PAUSE:
            pause = FIRST_PAUSE
        await wait(stop, pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def wait(stop: asyncio.Event, seconds: float) -> bool:
    """Wait for `stop`, at most `seconds`; True when it is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()


async def every(seconds: float, cycle: Callable[[], Awaitable[str]], stop: asyncio.Event) -> None:
    """Run `cycle` until `stop`, `seconds` apart; log the sentence it returns, unless it is empty."""
    while not stop.is_set():
        if sentence := await cycle():
            logger.info(sentence)
        await wait(stop, seconds)
