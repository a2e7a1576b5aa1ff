"""Every metric, named once: its name, its labels with all their values, what it means, what to do with it.

One file for each matter; `naming.py` says how a metric is named, `room.py` which of them a room tells. docs/metrics.md
is written from here. No label has unbounded values: no charger ids, no words of chargers.
"""
# ruff: noqa: F403

from voltring_core.metrics.api import *
from voltring_core.metrics.chargers import *
from voltring_core.metrics.commands import *
from voltring_core.metrics.draining import *
from voltring_core.metrics.messages import *
from voltring_core.metrics.naming import CATALOGUE as CATALOGUE
from voltring_core.metrics.operator import *
from voltring_core.metrics.room import OfRoom as OfRoom
from voltring_core.metrics.room import introduce as introduce
from voltring_core.metrics.servers import *
from voltring_core.metrics.sessions import *
from voltring_core.metrics.worker import *
