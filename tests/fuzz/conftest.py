"""What the fuzzer's tests share; its modules are in `tests/helpers/`."""

from datetime import UTC, datetime

import pytest


@pytest.fixture
def noon() -> datetime:
    return datetime(2026, 1, 1, 12, tzinfo=UTC)
