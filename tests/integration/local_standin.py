"""`local_standin.py OPTIONS-AS-JSON`: `voltring up` with a stand-in for every room (`local_room.py`).

So the launcher is tested by itself.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from voltring_core.settings import UnknownChargers
from voltring_local import plan as real
from voltring_local import up
from voltring_local.children import Child
from voltring_local.console import Talk
from voltring_local.errors import StartFailed
from voltring_local.options import Options

ROOM = str(Path(__file__).with_name("local_room.py"))


def launch(words: dict[str, Any]) -> None:
    paths: dict[str, Any] = {name: Path(words.pop(name)) for name in ("data_dir", "ready_file")}
    options = Options(**paths, **words, unknown_chargers=UnknownChargers.ACCEPT)
    try:
        up.run(options, Talk(Console()), _plan)
    except StartFailed as error:
        sys.exit(f"voltring: {error.message}")


def _plan(options: Options, at: real.Addresses) -> real.Plan:
    made = real.plan(options, at)
    return real.Plan(
        migrate=_stand_in(made.migrate),
        rooms=tuple(map(_stand_in, made.rooms)),
        chargers=_stand_in(made.chargers) if made.chargers else None,
    )


def _stand_in(child: Child) -> Child:
    return replace(child, argv=(sys.executable, "-S", ROOM, child.argv[len(real.VOLTRING)]))


launch(json.loads(sys.argv[1]))
