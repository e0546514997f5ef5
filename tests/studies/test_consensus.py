"""Five ways to agree: the table, what misbehaving replicas can do, and the real ledger."""

from dataclasses import replace

import pytest

from energychain.consensus.protocol import IdealSignatures
from energychain.network.simulation import Constant
from energychain.studies.consensus import (
    AUTHORITY,
    CENTRAL,
    PBFT,
    PROTOCOLS,
    STAKE,
    WORK,
    Row,
    Setting,
    attack,
    capacity,
    cloned_sealer,
    compare,
    growth,
    honest,
    misbehaviour,
    on_the_ledger,
    play,
    stream,
)


@pytest.fixture(scope="module")
def table() -> dict[str, Row]:
    return {row.protocol: row for row in compare()}


def test_all_five_settle_the_whole_workload_and_nobody_disagrees(table: dict[str, Row]) -> None:
    assert tuple(table) == PROTOCOLS
    assert all(row.safe and row.live for row in table.values())


def test_messages_per_block(table: dict[str, Row]) -> None:
    others = Setting().nodes - 1
    for protocol in (CENTRAL, WORK, STAKE, AUTHORITY):
        made = table[protocol].messages_per_block * (1 - table[protocol].stale)
        assert made == pytest.approx(others, rel=0.03), protocol
    assert table[PBFT].messages_per_block == 2 * (others + 1) * others


def test_finality_comes_after_the_confirmations(table: dict[str, Row]) -> None:
    terms = Setting()
    # Trades are handed in as a slot begins: they stand in the block of the next one.
    for protocol, depth in ((STAKE, terms.confirmations), (AUTHORITY, terms.majority)):
        assert table[protocol].finality_median == pytest.approx(depth * 5, abs=1), protocol
    assert table[WORK].finality_median == pytest.approx(12 * 15, rel=0.35)
    assert table[CENTRAL].finality_95 < table[PBFT].finality_median < 0.5
    assert all(row.finality_95 >= row.finality_median for row in table.values())


def test_only_work_costs_hashes(table: dict[str, Row]) -> None:
    terms = Setting()
    kwh = terms.rounds * terms.trades * terms.trade_energy / 1_000_000
    seconds = (terms.rounds - 1) * 15 + 1.5 * 12 * 15
    assert table[WORK].hashes_per_kwh == pytest.approx(1_000_000 * seconds / kwh)
    assert table[WORK].joules_per_kwh == pytest.approx(100 * seconds / kwh)
    assert all(row.hashes_per_kwh == 0 for name, row in table.items() if name != WORK)


def test_capacity_is_a_full_block_at_each_turn() -> None:
    terms = Setting(nodes=4, latency=Constant(20_000))
    assert capacity(STAKE, terms) == pytest.approx(terms.limit / 5, rel=0.01)
    assert capacity(AUTHORITY, terms) == pytest.approx(terms.limit / 5, rel=0.01)
    # Forty exponential intervals: the mean has a standard error of 16 %.
    assert capacity(WORK, terms) == pytest.approx(terms.limit / 15, rel=0.5)
    block = 200 + terms.limit * terms.trade_bytes
    uplink = terms.bandwidth / (3 * block) * terms.limit
    assert capacity(CENTRAL, terms) == pytest.approx(uplink, rel=0.1)
    # A round of PBFT: the block to the others one by one, three latencies, small votes.
    assert capacity(PBFT, terms) == pytest.approx(1 / (1 / uplink + 0.06 / terms.limit), rel=0.25)


def test_messages_grow_with_the_square_under_pbft_and_in_proportion_elsewhere() -> None:
    for row in growth((4, 16, 48), Setting(rounds=4)):
        n = row.nodes
        expected = 2 * n * (n - 1) if row.protocol == PBFT else n - 1
        assert row.messages_per_block == pytest.approx(expected, rel=0.06), (row.protocol, n)


def test_slower_networks_have_more_stale_blocks_under_proof_of_work() -> None:
    def stale(latency: int) -> float:
        terms = Setting(nodes=8, latency=Constant(latency), rounds=200, trades=1)
        return play(WORK, terms, 3_000_000_000, stream(terms)).stale

    assert stale(50_000) < 0.05 < stale(5_000_000)


def test_what_so_many_can_do() -> None:
    verdicts = {(v.protocol, v.misbehaving): v for v in misbehaviour(runs=2)}
    for count in (1, 3, 4, 6, 7):
        server = verdicts[CENTRAL, count]
        assert (server.broken, server.stopped) == (2, 2), "one is enough, if it is the server"
        # A chain goes on without a majority of miners or stakes, only more slowly.
        assert verdicts[WORK, count].live
        assert verdicts[STAKE, count].live
        assert verdicts[AUTHORITY, count].live == (count < 6)
        assert verdicts[AUTHORITY, count].safe == (count <= 6)
        # A third of twelve is one more than PBFT bears.
        assert verdicts[PBFT, count].safe == (count <= 3)
        assert verdicts[PBFT, count].live == (count <= 4)
    for protocol in (WORK, STAKE):
        assert verdicts[protocol, 1].safe
        assert verdicts[protocol, 7].broken == 2
    assert verdicts[PBFT, 4].share == pytest.approx(1 / 3)


def test_a_reorganisation_is_what_breaks_proof_of_work() -> None:
    run = attack(WORK, 7, Setting(rounds=2))
    conflict = run.simulation.conflict(run.honest)
    assert conflict is not None
    assert conflict.height == 1, "the first final block is taken back"


def test_one_cloned_sealer_and_a_partition_break_proof_of_authority() -> None:
    assert not cloned_sealer(5).safe
    assert not cloned_sealer(7).safe
    with pytest.raises(ValueError, match="odd number"):
        cloned_sealer(4)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_on_the_real_ledger_every_replica_has_the_same_valid_chain(protocol: str) -> None:
    chains = on_the_ledger(protocol)
    assert len(chains) == 4
    height = min(chain.height for chain in chains)
    assert len({chain.blocks[height].hash for chain in chains}) == 1
    for chain in chains:
        chain.validate()
        assert sum(1 for _ in chain.transactions()) == 6
        assert all(receipt.done for block in chain.receipts for receipt in block)
        assert chain.state.total("token") == 6 * 5_000


def test_a_run_is_a_function_of_its_seed() -> None:
    small = Setting(nodes=4, rounds=2)
    assert compare(small) == compare(small)
    assert compare(small) != compare(replace(small, seed=2))


def test_only_the_five_are_offered() -> None:
    with pytest.raises(ValueError, match="choose from central database, proof of work"):
        honest("proof of luck", 0, Setting(), IdealSignatures())
