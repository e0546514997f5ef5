"""A network that splits and heals, an attack with a share of the power, and many forks."""

from random import Random

import pytest

from energychain.consensus.double_spend import clopper_pearson, exact
from energychain.ledger.chain import Chain
from energychain.ledger.state import ETHER
from energychain.primitives.refusals import BadInput
from energychain.studies.forks import (
    BICYCLE,
    OPENING,
    SOLD,
    SPENT_WEST,
    Split,
    attack,
    attacks,
    race,
    random_forks,
    split,
    trades,
    unsettled,
)

STORY = split()

TOKENS = SOLD // 150
"""What a trade costs [milli-token]: 150 mWh each."""


def owned(story: Split, moment: str, name: str, asset: str = "token") -> object:
    (row,) = (
        row
        for row in story.balances
        if (row["moment"], row["name"], row["asset"]) == (moment, name, asset)
    )
    return row["amount"]


def test_the_trade_of_the_shorter_half_is_un_settled_and_the_older_one_is_not() -> None:
    assert [(row["interval"], row["east"], row["healed"]) for row in STORY.trades] == [
        (0, "settled", "settled"),
        (1, "settled", "un-settled"),
    ]
    (gone,) = unsettled(STORY.move)
    assert (gone.interval, gone.seller, gone.buyer) == (1, "ann", "ben")
    assert (gone.energy, gone.tokens) == (SOLD, TOKENS)
    assert [trade.interval for trade in trades(STORY.move.old)] == [0, 1]
    assert [trade.interval for trade in trades(STORY.move.new)] == [0]


def test_every_balance_is_what_the_branch_says() -> None:
    """The judge adds up by hand."""
    ben = OPENING - TOKENS
    expected = {
        "before": {"ann": OPENING + TOKENS, "ben": ben, "cat": OPENING, "dan": OPENING},
        "east": {
            "ann": OPENING + 2 * TOKENS,
            "ben": ben - TOKENS - BICYCLE,
            "cat": OPENING + BICYCLE,
            "dan": OPENING,
        },
        "healed": {
            "ann": OPENING + TOKENS,
            "ben": ben - SPENT_WEST,
            "cat": OPENING,
            "dan": OPENING + SPENT_WEST,
        },
    }
    expected["end"] = expected["healed"]
    for moment, by_name in expected.items():
        assert {name: owned(STORY, moment, name) for name in by_name} == by_name


def test_the_orphaned_rewards_are_gone() -> None:
    reward = STORY.network.chain.genesis.reward
    before, east = (owned(STORY, moment, "miner 1", ETHER) for moment in ("before", "east"))
    assert isinstance(before, int)
    assert isinstance(east, int)
    assert 2 * reward < east - before < 2 * reward + 10**9, "two rewards and some fees"
    assert owned(STORY, "healed", "miner 1", ETHER) == before


def test_the_settlement_is_refused_if_too_little_is_left_and_settled_again_if_enough_is() -> None:
    assert [event.name for event in STORY.end.events] == ["Refused"]
    assert STORY.trades[1]["end"] == "refused"
    left = OPENING - TOKENS - TOKENS
    for spent, word, names in (
        (left, "settled", ["Sold"]),
        (left + 1, "refused", ["Refused"]),
    ):
        story = split(spent)
        assert story.trades[1]["healed"] == "un-settled"
        assert story.trades[1]["end"] == word
        assert [event.name for event in story.end.events] == names


def test_the_double_payment_is_dropped() -> None:
    (dropped,) = STORY.dropped
    wish = dropped.transaction.transaction
    assert (wish.contract, wish.function, wish.arguments[2]) == ("token", "transfer", BICYCLE)
    assert "is used up" in dropped.reason
    assert STORY.tree.head.find(dropped.transaction.id) is None


def test_rows_of_the_tree_and_the_diary() -> None:
    rows = STORY.blocks
    assert [row["miner"] for row in rows if not row["on_main"]] == ["miner 1", "miner 1"]
    assert [row["branch"] for row in rows] == [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    assert [row["step"] for row in STORY.events] == list(range(1, len(STORY.events) + 1))
    said = " | ".join(str(row["what"]) for row in STORY.events)
    for words in ("waits for its parent", "2 blocks are orphaned", "un-settled", "dropped"):
        assert words in said
    assert split().events == STORY.events


def test_ben_cannot_spend_what_he_has_not() -> None:
    for spent in (0, OPENING - TOKENS + 1):
        with pytest.raises(BadInput, match="Ben spends from"):
            split(spent)


# --- the attack -----------------------------------------------------------------------


def replayed(chain: Chain) -> bytes:
    return chain.validate().state.root


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_an_attack_on_the_tree_does_what_its_race_says(share: float) -> None:
    outcomes = set()
    for seed in range(12):
        found = attack(share, 2, seed=seed, patience=10)
        outcomes.add(found.race.succeeded)
        letters = found.race.blocks
        honest, attackers = letters.count("h"), letters.count("a")
        head = found.tree.head
        address = {name: address for address, name in head.genesis.names}
        ann, dan = address["ann"], address["dan"]
        if found.race.succeeded:
            assert found.move is not None
            assert found.confirmations == found.move.depth == honest >= 2
            assert len(found.move.adopted) == attackers + 1 > honest
            assert [trade.interval for trade in found.unsettled] == [1]
            assert head.state.balance("token", ann) == OPENING + TOKENS
            assert head.state.balance("token", dan) == 2 * OPENING - TOKENS
        else:
            assert (found.move, found.unsettled) == (None, ())
            assert honest - attackers == 10
            assert head.state.balance("token", ann) == OPENING + 2 * TOKENS
        assert replayed(head) == head.state.root
    assert outcomes == ({True} if share > 0.5 else {True, False})


@pytest.mark.parametrize(("share", "confirmations"), [(0.1, 1), (0.3, 3), (0.4, 6), (0.45, 2)])
def test_races_succeed_as_often_as_the_exact_formula_says(share: float, confirmations: int) -> None:
    (row,) = attacks([share], confirmations, runs=6_000, seed=4, patience=60)
    won = row["succeeded"]
    assert isinstance(won, int)
    low, high = clopper_pearson(won, 6_000)
    assert low <= exact(share, confirmations) <= high


def test_with_51_per_cent_every_attack_succeeds() -> None:
    (row,) = attacks([0.51], 12, runs=200)
    assert row["succeeded"] == 200


def test_a_race_is_decided_where_it_ends() -> None:
    for seed in range(50):
        found = race(0.35, 3, Random(seed), patience=8)
        lead = 0
        for at, letter in enumerate(found.blocks):
            confirmed = found.blocks[:at].count("h") >= 3
            assert not (confirmed and lead >= 0), "it was won before"
            assert lead > -8, "it was lost before"
            lead += 1 if letter == "a" else -1
        assert (lead >= 0) is found.succeeded


def test_a_race_needs_a_share_confirmations_and_patience() -> None:
    for arguments in ((0.0, 1), (1.0, 1), (float("nan"), 1), (0.3, 0)):
        with pytest.raises(BadInput):
            race(*arguments, Random(1))  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="patience"):
        race(0.3, 1, Random(1), patience=0)


def test_random_forks_are_forks_and_the_same_every_time() -> None:
    for fork in random_forks(30, seed=2):
        assert fork.first.height < fork.second.height < fork.back.height
        assert fork.first.blocks[: len(fork.base.blocks)] == fork.base.blocks
        assert fork.second.blocks[: len(fork.base.blocks)] == fork.base.blocks
        assert fork.back.blocks[: len(fork.first.blocks)] == fork.first.blocks
    one, other = ([fork.back.head.hash for fork in random_forks(5, seed=s)] for s in (1, 1))
    assert one == other
