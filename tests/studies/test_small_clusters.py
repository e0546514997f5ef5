"""The small ledgers of lesson 11 are real: proved in two steps, and convicted by two histories."""

import pytest

from energychain.contracts.measurement_log import anchored
from energychain.network.cluster import WrongAnchor, check_anchor
from energychain.network.nodes import FullNode
from energychain.studies.small_clusters import accuse, grid_of, publish, small_cluster, steps


def test_a_cluster_is_anchored_and_proved_in_two_steps():
    both = [small_cluster(number) for number in range(2)]
    grid = grid_of(*both)
    batches = [one.anchor() for one in both]
    block = publish(grid, *batches)
    storage = grid.chain.state.storage["measurement_log"]
    assert all(anchored(storage, batch) for batch in batches)
    proof = both[1].two_steps(4, 3, FullNode(grid.chain).prove(block.height, 1))
    proof.check(block.header, both[1].cluster)
    assert [row["sent"] for row in steps(proof, block.header)] == [True] * 6 + [False]


def test_two_histories_of_one_aggregator_convict_it():
    honest, cheat = small_cluster(0), small_cluster(0, first=50)
    assert honest.cluster == cheat.cluster
    grid = grid_of(honest)
    batch = honest.anchor()
    publish(grid, batch)
    with pytest.raises(WrongAnchor, match="two histories"):
        check_anchor(batch, [block.header for block in cheat.chain.blocks], honest.cluster)
    assert [event.name for event in accuse(grid, batch, cheat.anchor()).events] == ["Compromised"]
    assert not accuse(grid, batch, batch).done
