"""Two clusters under one grid: two-step proofs, aggregators that tell two histories, and the law of
costs against counting.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.contracts import CONTRACTS
from energychain.contracts.measurement_log import anchored, opening_storage, written
from energychain.grid.messages import Batch
from energychain.ledger.chain import Chain
from energychain.network.cluster import (
    Aggregator,
    Cluster,
    NothingToAnchor,
    TwoStepProof,
    WrongAnchor,
    aggregator_cost,
    anchor_call,
    best_clusters,
    check_anchor,
    least_cost,
    sign_anchor,
)
from energychain.network.nodes import FullNode, LightNode, NotKept, Operator, SuperLightNode
from energychain.primitives.encoding import encode
from energychain.primitives.keys import BadSignature, derive
from energychain.primitives.merkle import BadProof
from energychain.studies.private_chain import PrivateChain, address_of

HOMES = {1: ("ann", "ben", "cem"), 2: ("dia", "eve")}
KEYS = {number: derive("a test", f"aggregator {number}") for number in HOMES}


def local_ledger(number: int, lie: int = 0, blocks: int = 5) -> PrivateChain:
    """The ledger of a cluster; with a lie, the first home consumed that much more from the
    third block on.
    """
    network = PrivateChain(HOMES[number], name=f"cluster {number}", difficulty_bits=0)
    for interval in range(blocks):
        network.open_block()
        for at, name in enumerate(HOMES[number]):
            more = lie if at == 0 and interval >= 2 else 0
            network.send(name, "energy_trade", "report", interval, 0, 500 * interval + more)
        network.close_block()
    return network


def aggregator(number: int, ledger: PrivateChain, blocks: int) -> Aggregator:
    node = Aggregator(ledger.chain.upto(0), number, KEYS[number])
    for block in ledger.chain.blocks[1 : blocks + 1]:
        node.receive(block)
    return node


def new_grid() -> PrivateChain:
    """The ledger of the grid, with both aggregators registered."""
    network = PrivateChain(
        ["operator", "server"],
        name="grid",
        difficulty_bits=0,
        contracts={"measurement_log": CONTRACTS["measurement_log"]},
        storage=opening_storage(address_of("operator", "energychain")),
    )
    network.open_block()
    for number, key in KEYS.items():
        network.send("operator", "measurement_log", "register", number, 0, key.public.data)
    network.close_block()
    return network


def put_anchor(grid: PrivateChain, *batches: Batch) -> None:
    grid.open_block()
    for batch in batches:
        contract, function, arguments = anchor_call(batch)
        grid.send("server", contract, function, *arguments)
    grid.close_block()


@dataclass(frozen=True)
class World:
    grid: Chain
    aggregators: dict[int, Aggregator]
    batches: tuple[Batch, ...]

    def proof(self, number: int, height: int, index: int) -> TwoStepProof:
        """Anchors stand in block 2 (local blocks 0 to 3), then 3 (block 4), by cluster."""
        anchor = FullNode(self.grid).prove(2 if height <= 3 else 3, number - 1)
        return self.aggregators[number].two_steps(height, index, anchor)

    def header_for(self, height: int) -> int:
        return 2 if height <= 3 else 3


@cache
def world() -> World:
    grid, ledgers = new_grid(), {number: local_ledger(number) for number in HOMES}
    nodes = {number: aggregator(number, ledgers[number], 3) for number in HOMES}
    first = [node.anchor() for node in nodes.values()]
    put_anchor(grid, *first)
    for number, node in nodes.items():
        node.receive(ledgers[number].chain.blocks[4])
    second = [node.anchor() for node in nodes.values()]
    put_anchor(grid, *second)
    return World(grid.chain, nodes, (*first, *second))


# --- anchors and proofs in two steps --------------------------------------------------


def test_the_contract_takes_every_anchor() -> None:
    storage = world().grid.state.storage["measurement_log"]
    assert [(b.source, b.first, b.size) for b in world().batches] == [
        (1, 0, 4),
        (2, 0, 4),
        (1, 4, 1),
        (2, 4, 1),
    ]
    assert all(anchored(storage, batch) for batch in world().batches)
    assert all(receipt.done for block in world().grid.receipts for receipt in block)


@given(st.sampled_from(sorted(HOMES)), st.integers(1, 4), st.data())
def test_any_local_reading_is_proven_to_whoever_has_the_grids_headers(
    number: int, height: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(HOMES[number]) - 1))
    watcher = light_on_grid()
    proof = world().proof(number, height, index)
    proof.check(watcher.headers[proof.anchor.height], Cluster(number, KEYS[number].public))
    assert proof.local.signed.transaction.arguments[0] == height - 1


@cache
def light_on_grid() -> LightNode:
    grid = world().grid
    node = LightNode(grid, address_of("nobody", "energychain"))
    for block in grid.blocks[1:]:
        node.receive(block)
    return node


def forged() -> dict[str, Callable[[TwoStepProof], TwoStepProof]]:
    here = world()
    other = here.proof(1, 2, 1)
    return {
        "another reading": lambda p: replace(p, local=replace(p.local, signed=other.local.signed)),
        "another local header": lambda p: replace(p, header=other.header),
        "another place": lambda p: replace(p, in_batch=replace(p.in_batch, index=2)),
        "another size": lambda p: replace(p, in_batch=replace(p.in_batch, size=5)),
        "a missing step": lambda p: replace(
            p, in_batch=replace(p.in_batch, path=p.in_batch.path[:-1])
        ),
        "the other cluster's anchor": lambda p: replace(p, anchor=here.proof(2, 1, 0).anchor),
        "a later anchor": lambda p: replace(p, anchor=here.proof(1, 4, 0).anchor),
        "an anchor that is not in the block": lambda p: replace(
            p, anchor=replace(p.anchor, proof=replace(p.anchor.proof, index=1))
        ),
        "a reading of another height": lambda p: replace(p, local=replace(p.local, height=2)),
    }


@pytest.mark.parametrize("name", forged())
def test_no_forged_proof_passes(name: str) -> None:
    proof = world().proof(1, 1, 0)
    cluster = Cluster(1, KEYS[1].public)
    proof.check(world().grid.blocks[2].header, cluster)
    changed = forged()[name](proof)
    header = world().grid.blocks[changed.anchor.height].header
    with pytest.raises((BadProof, BadSignature)):
        changed.check(header, cluster)


def test_a_proof_is_of_one_cluster_and_one_aggregator() -> None:
    proof, header = world().proof(1, 1, 0), world().grid.blocks[2].header
    with pytest.raises(WrongAnchor, match="cluster 1, not 2"):
        proof.check(header, Cluster(2, KEYS[1].public))
    with pytest.raises(BadSignature):
        proof.check(header, Cluster(1, KEYS[2].public))


def test_a_block_that_is_not_anchored_yet_has_no_proof() -> None:
    ledger = local_ledger(1)
    node = aggregator(1, ledger, 2)
    node.anchor()
    node.receive(ledger.chain.blocks[3])
    with pytest.raises(NotKept, match="block 3 is not anchored yet"):
        node.two_steps(3, 0, world().proof(1, 1, 0).anchor)
    node.anchor()
    with pytest.raises(NothingToAnchor, match="all 4 local blocks"):
        node.anchor()


def test_a_two_step_proof_has_the_bytes_of_its_parts() -> None:
    proof = world().proof(1, 1, 0)
    parts = (proof.local.encoded, proof.header, proof.in_batch, proof.anchor.encoded)
    assert proof.encoded == encode(parts)


# --- an aggregator that tells two histories -------------------------------------------


def test_whoever_was_shown_the_other_history_sees_it_in_the_anchor() -> None:
    true, false = (local_ledger(1, lie).chain for lie in (0, 9_000))
    batch, cluster = world().batches[0], Cluster(1, KEYS[1].public)
    headers = [[block.header for block in chain.blocks] for chain in (true, false)]
    check_anchor(batch, headers[0], cluster)
    with pytest.raises(WrongAnchor, match="two histories"):
        check_anchor(batch, headers[1], cluster)
    with pytest.raises(WrongAnchor, match="two histories"):  # a block is hidden
        check_anchor(batch, headers[0][:3], cluster)
    with pytest.raises(WrongAnchor, match="of cluster 1, not 2"):
        check_anchor(batch, headers[0], Cluster(2, KEYS[1].public))
    with pytest.raises(BadSignature):
        check_anchor(replace(batch, root=bytes(32)), headers[0], cluster)


def test_a_super_light_home_sees_it_when_it_asks_for_two_steps() -> None:
    """The home was shown the false history, consistently; the anchor holds the true one."""
    false = local_ledger(1, 9_000)
    address = false.address("ann")
    serving = Operator(false.chain.upto(0), KEYS[1])
    home = SuperLightNode(serving.head(), KEYS[1].public, address)
    for block in false.chain.blocks[1:4]:
        serving.receive(block)
        home.receive(block, serving)
    liar, cluster = aggregator(1, false, 3), Cluster(1, KEYS[1].public)
    liar.anchor()
    proof = liar.two_steps(3, 0, world().proof(1, 3, 0).anchor)
    assert proof.local.signed == home.proven[2].signed
    with pytest.raises(BadProof):
        proof.check(world().grid.blocks[2].header, cluster)


def test_two_anchors_convict_the_key_and_it_anchors_nothing_more() -> None:
    grid, true, false = new_grid(), local_ledger(1), local_ledger(1, 9_000)
    honest, liar = (aggregator(1, ledger, 3) for ledger in (true, false))
    one, two = honest.anchor(), liar.anchor()
    put_anchor(grid, one, two)
    taken, refused = grid.chain.receipts[-1]
    assert taken.done
    assert refused.refusal == "once"
    grid.open_block()
    receipt = grid.send("server", "measurement_log", "accuse", written(one), written(two))
    assert [event.name for event in receipt.events] == ["Compromised"]
    honest.receive(true.chain.blocks[4])
    contract, function, arguments = anchor_call(honest.anchor())
    assert grid.send("server", contract, function, *arguments).refusal == "compromised"
    # Nobody else can make the second anchor.
    framed = sign_anchor(KEYS[2], 1, [block.header for block in false.chain.blocks[:4]])
    accused = grid.send("server", "measurement_log", "accuse", written(one), written(framed))
    assert not accused.done
    grid.close_block()


def test_headers_alone_do_not_say_which_of_two_anchors_the_contract_took() -> None:
    """The limit: a refused anchor stands in its block too. Whoever has the state can ask."""
    grid, liar = new_grid(), aggregator(1, local_ledger(1, 9_000), 3)
    true, false = aggregator(1, local_ledger(1), 3).anchor(), liar.anchor()
    put_anchor(grid, true, false)
    proof = liar.two_steps(3, 0, FullNode(grid.chain).prove(2, 1))
    proof.check(grid.chain.head.header, Cluster(1, KEYS[1].public))
    storage = grid.chain.state.storage["measurement_log"]
    assert (anchored(storage, true), anchored(storage, false)) == (True, False)


def test_an_aggregator_leaves_out_no_block_and_exchanges_none() -> None:
    grid, ledger = new_grid(), local_ledger(1)
    headers = [block.header for block in ledger.chain.blocks]
    first = sign_anchor(KEYS[1], 1, headers[:3])
    gap = sign_anchor(KEYS[1], 1, headers[4:], first.id)
    again = sign_anchor(KEYS[1], 1, headers[2:], first.id)
    astray = sign_anchor(KEYS[1], 1, headers[3:])
    put_anchor(grid, first, gap, again, astray)
    refusals = [receipt.refusal for receipt in grid.chain.receipts[-1]]
    assert refusals == ["", "gap", "once", "previous"]


# --- the law --------------------------------------------------------------------------


@given(st.integers(1, 5_000), st.floats(0.05, 20), st.floats(0.05, 20))
def test_the_best_number_of_clusters_is_the_best_of_all(
    homes: int, reading: float, anchor: float
) -> None:
    best = best_clusters(homes, reading, anchor)
    costs = [aggregator_cost(homes, c, reading, anchor) for c in range(1, homes + 1)]
    assert 1 <= best <= homes
    assert aggregator_cost(homes, best, reading, anchor) == min(costs)
    assert min(costs) >= least_cost(homes, reading, anchor) * (1 - 1e-12)


def test_at_a_square_of_homes_the_law_is_met_exactly() -> None:
    for root in (1, 3, 10, 1_000):
        assert best_clusters(root**2) == root
        assert aggregator_cost(root**2, root, 1, 1) == least_cost(root**2)
