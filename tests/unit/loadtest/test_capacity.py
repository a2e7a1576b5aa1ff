"""The arithmetic of capacity: monotone, never below what the connections need, and as the documentation has it."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.capacity import Costs, Load, plan
from voltring_loadtest.sizing import capacity

DOCUMENT = Path(__file__).parents[3] / "docs/capacity.md"
CHARGERS, PER_NODE = st.integers(1, 10_000_000), st.integers(100, 50_000)


def row(chargers: int, per_node: int) -> str:
    found = plan(Load(chargers, per_node))
    cells = [
        f"{chargers:,}",
        f"{per_node:,}",
        f"{found.nodes:,}",
        f"{found.node_memory_mib:,.0f} MiB",
        f"{found.messages_s:,.0f}",
        f"{100 * found.node_load:.0f} %",
        f"{found.postgres_cores:,.1f}",
        f"{found.commands_s:,.0f}",
        f"{found.back_after_zone_s:,.0f} s",
        f"{found.drain_s:,.0f} s",
        f"{found.upgrade_h:,.2f} h",
    ]
    return "| " + " | ".join(cells) + " |"


@pytest.mark.parametrize(
    ("chargers", "per_node"), [(1_000, 2500), (10_000, 2500), (100_000, 5000), (1_000_000, 5000), (10_000_000, 10_000)]
)
def test_the_document_has_what_comes_out(chargers: int, per_node: int) -> None:
    assert row(chargers, per_node) in DOCUMENT.read_text()


@given(CHARGERS, PER_NODE)
def test_with_one_node_lost_the_others_hold_all_chargers(chargers: int, per_node: int) -> None:
    found = plan(Load(chargers, per_node))
    assert (found.nodes - 1) * 0.7 * per_node >= chargers
    assert found.nodes * found.chargers_per_node >= chargers


@given(CHARGERS, CHARGERS, PER_NODE)
def test_more_chargers_never_need_less(some: int, others: int, per_node: int) -> None:
    few, many = (plan(Load(number, per_node)) for number in sorted((some, others)))
    assert few.nodes <= many.nodes
    assert few.postgres_cores <= many.postgres_cores


def test_chargers_that_talk_much_need_nodes_for_their_messages() -> None:
    busy = plan(Load(10_000, 10_000, message_every_s=0.1))
    assert busy.nodes > plan(Load(10_000, 10_000)).nodes
    assert busy.node_load <= 0.7


def test_many_small_nodes_cost_postgresql_more_than_few_large_ones() -> None:
    """Each node commits by itself, and a commit costs as much as dozens of messages."""
    assert plan(Load(100_000, 1_000)).postgres_cores > 2 * plan(Load(100_000, 20_000)).postgres_cores


def test_ten_thousand_chargers_on_two_nodes_cost_about_what_was_measured() -> None:
    """docs/benchmark.md, 2026-11-22: nodes 24 % of a core together, PostgreSQL 17 %."""
    found = plan(Load(10_000, 15_000))
    assert found.nodes == 2
    assert 2 * found.node_load == pytest.approx(0.24, rel=0.15)
    assert found.postgres_cores == pytest.approx(0.17, rel=0.15)


def test_slower_machines_need_more() -> None:
    load = Load(100_000, message_every_s=0.1)
    assert plan(load, Costs(node_us=180)).nodes > plan(load).nodes
    assert plan(load, Costs(accepts=100)).back_after_zone_s > plan(load).back_after_zone_s


def test_the_command_tells_it_by_name_and_unit() -> None:
    told = CliRunner().invoke(capacity, ["--chargers", "10000", "--connections-per-node", "2500"])
    assert told.exit_code == 0
    assert told.output.splitlines()[0].split() == ["nodes,", "one", "of", "them", "to", "spare", "7"]
    assert "drain of a node" in told.output


@pytest.mark.parametrize("wrong", [["--chargers", "0"], ["--chargers", "10", "--message-every", "0"], []])
def test_nonsense_is_refused_in_a_sentence(wrong: list[str]) -> None:
    told = CliRunner().invoke(capacity, wrong)
    assert told.exit_code == 2
    assert "--chargers" in told.output or "--message-every" in told.output
