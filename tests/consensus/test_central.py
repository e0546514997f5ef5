"""The central database: fast, cheap, and as good as its server."""

from energychain.consensus.central import SERVER, Member, Server, TwoFacedServer
from energychain.consensus.protocol import MILLISECOND, SECOND, Submit, Trade
from energychain.network.simulation import Constant, Crash, Network, Simulation, Uniform

TRADES = tuple(Trade(bytes([i]), 1_000_000, 300) for i in range(20))


def run(network: Network, server: type[Server] = Server, nodes: int = 5) -> Simulation:
    replicas = [server(nodes, 4), *(Member() for _ in range(nodes - 1))]
    simulation = Simulation(replicas, network, seed=3, trace=True)
    for i, trade in enumerate(TRADES):
        simulation.submit(i * 20 * MILLISECOND, Submit((trade,)), to=[SERVER])
    simulation.run(10 * SECOND)
    return simulation


def stories(simulation: Simulation) -> list[list[bytes]]:
    """What each replica believes, in order."""
    return [
        [t.id for f in simulation.finals if f.replica == who for t in f.commit.block.trades]
        for who in range(len(simulation.replicas))
    ]


def test_everybody_believes_the_same_in_the_same_order() -> None:
    simulation = run(Network(Uniform(MILLISECOND, 200 * MILLISECOND)))
    assert {trade.id for trade in TRADES} == {*stories(simulation)[0]}
    assert all(story == stories(simulation)[0] for story in stories(simulation))
    assert simulation.conflict() is None


def test_one_message_for_each_member_and_block() -> None:
    simulation = run(Network(Constant(50 * MILLISECOND)))
    server = simulation.replicas[SERVER]
    assert isinstance(server, Server)
    assert simulation.messages == 4 * (len(server.log) - 1)


def test_a_member_that_missed_something_asks() -> None:
    simulation = run(Network(Constant(20 * MILLISECOND), loss=0.3, stable_from=300 * MILLISECOND))
    lengths = [len(story) for story in stories(simulation)]
    assert lengths == [20] * 5
    assert simulation.conflict() is None


def test_while_the_server_is_down_nothing_is_settled_and_what_is_handed_in_is_gone() -> None:
    crash = Crash(SERVER, 100 * MILLISECOND, 300 * MILLISECOND)
    simulation = run(Network(Constant(5 * MILLISECOND), crashes=(crash,)))
    down = [f for f in simulation.finals if crash.start + 10_000 < f.time < crash.end]
    assert down == []
    missed = [t.id for i, t in enumerate(TRADES) if 100 <= i * 20 + 5 < 300]
    assert missed
    assert {*stories(simulation)[1]} == {t.id for t in TRADES} - {*missed}


def test_a_server_with_two_faces_divides_members_and_nobody_can_notice() -> None:
    simulation = run(Network(Constant(50 * MILLISECOND)), TwoFacedServer)
    assert simulation.conflict(range(1, 5)) is not None
    one, other = stories(simulation)[1], stories(simulation)[2]
    assert len(other) < len(one)
    # No message between members ever shows the difference, for there is none.
    assert all(SERVER in (j.sender, j.to) for j in simulation.journeys)
