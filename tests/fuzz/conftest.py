"""The fuzzer's own modules lie beside its tests."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def noon() -> datetime:
    return datetime(2026, 1, 1, 12, tzinfo=UTC)
