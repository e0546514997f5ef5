"""Bids in the cleared market: accounts that close, best responses, and what learning does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.agents.bidding import (
    EVEN,
    PLENTY,
    PROSUMER,
    SHADES,
    SHORT,
    BiddingMarket,
    Wishes,
    learn_together,
)
from energychain.agents.q_learning import Exploration, Learner, learn
from energychain.markets.orders import Book, Order
from energychain.markets.uniform_price import uniform_price
from energychain.primitives.refusals import BadInput


def random_wishes(seed: int, prosumers: int = 6, hours: int = 4) -> Wishes:
    rng = np.random.default_rng(seed)
    shape = prosumers, hours

    def kwh() -> np.ndarray:
        return np.round(rng.uniform(0, 3, shape), 3) * (rng.random(shape) < 0.7)

    return Wishes(
        value=np.round(rng.uniform(0.0, 0.5, shape), 2),
        demand=kwh(),
        cost=np.round(rng.uniform(0.0, 0.3, shape), 2),
        offer=kwh(),
        import_price=np.round(rng.uniform(0.2, 0.4, hours), 2),
        export_price=np.round(rng.uniform(0.0, 0.1, hours), 2),
    )


def lone_seller(hours: int = 24) -> Wishes:
    """One seller with 10 kWh of sun, ten buyers of 1 kWh at 0.10, 0.12, … 0.28; import is dear."""
    value = np.concatenate([[0.0], np.linspace(0.10, 0.28, 10)])
    demand, offer = np.ones(11), np.zeros(11)
    demand[0], offer[0] = 0.0, 10.0
    tiled = (np.tile(each[:, None], hours) for each in (value, demand, np.zeros(11), offer))
    return Wishes(*tiled, np.full(hours, 0.40), np.full(hours, 0.02))


def small_seller_among_many(hours: int = 60) -> Wishes:
    """Prosumer 0 sells 1 Wh among 60 others whose costs and values differ in every hour."""
    rng = np.random.default_rng(3)
    shape = 61, hours
    seller = np.arange(61)[:, None] < 31
    offer = np.where(seller, rng.uniform(0.5, 1.5, shape), 0.0)
    offer[0] = 0.001
    cost = rng.uniform(0.05, 0.25, shape)
    return Wishes(
        value=rng.uniform(0.05, 0.35, shape),
        demand=np.where(seller, 0.0, rng.uniform(0.5, 1.5, shape)),
        cost=cost,
        offer=offer,
        import_price=np.full(hours, 0.40),
        export_price=np.full(hours, 0.02),
    )


# --- the cleared hours ----------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 0.9]))
def test_what_all_gain_together_is_the_welfare(seed: int, shade: float) -> None:
    # Upstream gains nothing: it buys and sells at its own prices.
    found = random_wishes(seed).cleared(shade)
    assert found.gain.sum(axis=0) == pytest.approx(found.welfare, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_price_is_the_auctions_with_upstream_as_one_more_trader(seed: int) -> None:
    wishes = random_wishes(seed, hours=1)
    rows: list[tuple[str, float, float]] = []
    for p in range(wishes.prosumers):
        rows.append(("buy", wishes.demand[p, 0], wishes.value[p, 0]))
        rows.append(("sell", wishes.offer[p, 0], wishes.cost[p, 0]))
    rows += [("sell", 1000, wishes.import_price[0]), ("buy", 1000, wishes.export_price[0])]
    book = Book.of(
        Order(f"{i:02}", f"{i:02}", "buy" if side == "buy" else "sell", *whole(much, limit))
        for i, (side, much, limit) in enumerate(rows)
        if much
    )
    exact = uniform_price(book).price
    found = wishes.cleared().price[0]
    assert (exact is None and np.isnan(found)) or found == pytest.approx(exact / 1e6, abs=1e-6)


def whole(much: float, limit: float) -> tuple[int, int]:
    return round(much * 10**6), round(limit * 10**6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_nobody_who_tells_the_truth_loses_and_no_shade_adds_welfare(seed: int) -> None:
    wishes = random_wishes(seed)
    truth = wishes.cleared()
    assert (truth.gain >= -1e-12).all()
    shade = np.random.default_rng(seed).choice(SHADES, wishes.value.shape)
    assert (wishes.cleared(shade).welfare <= truth.welfare + 1e-12).all()
    # Whoever shades cannot lose either: it only asks for better.
    assert (wishes.cleared(shade).gain >= -1e-12).all()


def test_limits_move_towards_the_outside_prices() -> None:
    wishes = lone_seller(1)
    assert wishes.asks(0.25)[0, 0] == pytest.approx(0.10)
    assert wishes.bids(0.5)[10, 0] == pytest.approx((0.28 + 0.02) / 2)
    assert wishes.bids(1.0)[1:, 0] == pytest.approx(np.full(10, 0.02))


def test_a_bid_says_no_more_than_the_import_price() -> None:
    # A value of 0.28 is above an import price of 0.20, and shading begins there.
    wishes = Wishes(**{**lone_seller(1).__dict__, "import_price": np.array([0.20])})
    assert wishes.bids()[[1, 10], 0] == pytest.approx([0.10, 0.20])
    assert wishes.bids(0.5)[10, 0] == pytest.approx((0.20 + 0.02) / 2)


def test_hours_are_short_even_or_plenty() -> None:
    demand = np.array([[1.0, 1.0, 1.0, 0.0, 1.0]])
    offer = np.array([[0.5, 1.0, 2.0, 1.0, 0.8]])
    wishes = Wishes(demand, demand, offer * 0, offer, np.ones(5), np.zeros(5))
    assert wishes.kinds().tolist() == [SHORT, EVEN, PLENTY, PLENTY, EVEN]


# --- one learner ----------------------------------------------------------------------


def test_payoffs_are_those_of_clearing_with_that_shade() -> None:
    wishes = random_wishes(7)
    others = np.full(wishes.value.shape, 0.3)
    market = BiddingMarket(wishes, who=2, others=0.3)
    for action, shade in enumerate(SHADES):
        others[2] = shade
        assert market.payoffs[action] == pytest.approx(wishes.cleared(others).gain[2])


def test_the_day_is_played_hour_by_hour() -> None:
    market = BiddingMarket(random_wishes(7), who=2)
    state, _ = market.reset()
    played, kinds, over = 0.0, [state], False
    while not over:
        state, reward, over, _, _ = market.step(3)
        played, kinds = played + reward, [*kinds, state]
    assert played == pytest.approx(market.payoffs[3].sum())
    assert played == pytest.approx(market.earns(np.full(3, 3)))
    assert kinds[:-1] == market.kinds.tolist()


def test_the_best_response_is_the_best_of_all_policies() -> None:
    market = BiddingMarket(random_wishes(9, hours=8), who=1, shades=(0.0, 0.4, 0.8))
    tried = [market.earns(np.array(policy)) for policy in np.ndindex(3, 3, 3)]
    assert market.earns(market.best) == pytest.approx(max(tried))


def test_who_takes_the_price_as_given_learns_to_tell_the_truth() -> None:
    market = BiddingMarket(small_seller_among_many(), who=0, shades=(0.0, 0.3, 0.6, 0.9))
    # Asking for more moves no price, and loses the hours in which it asks for too much.
    even = market.payoffs[:, market.kinds == EVEN].sum(axis=1)
    assert even[1] < 0.6 * even[0]
    assert even[2] == even[3] == 0
    learner = Learner(rate=0.02, discount=0.0, explore=Exploration(1.0, 0.1, 60), spread=0.0)
    for seed in range(5):
        assert learn(market, 60, seed, learner).policy[0, EVEN] == 0


def test_a_lone_seller_learns_to_ask_for_more_and_welfare_is_lost() -> None:
    wishes = lone_seller()
    market = BiddingMarket(wishes, who=0)
    best = market.earns(market.best)
    # Six of ten buyers at their marginal value are worth more to it than all ten.
    assert best > 1.2 * market.earns(np.zeros(3, dtype=int))
    for seed in range(5):
        assert market.earns(learn(market, 150, seed, PROSUMER).policy[0]) >= 0.95 * best


def sellers_of_forty(sellers: int, hours: int = 12) -> Wishes:
    """So many sellers share 40 kWh of sun; 40 buyers of 1 kWh at 0.08 to 0.30."""
    value = np.concatenate([np.zeros(sellers), np.linspace(0.08, 0.30, 40)])
    demand = np.concatenate([np.zeros(sellers), np.ones(40)])
    offer = np.concatenate([np.full(sellers, 40 / sellers), np.zeros(40)])
    tiled = (np.tile(each[:, None], hours) for each in (value, demand, value * 0, offer))
    return Wishes(*tiled, np.full(hours, 0.40), np.full(hours, 0.02))


# --- many learners --------------------------------------------------------------------


def test_if_nobody_learns_all_is_as_with_the_truth() -> None:
    wishes = random_wishes(5)
    found = learn_together(wishes, 0.0, 3, [1, 2])
    assert not found.learns.any()
    assert found.price == pytest.approx(np.tile(found.truthful.price, (2, 1)), nan_ok=True)
    assert found.welfare_lost == pytest.approx([0, 0])
    with pytest.raises(BadInput, match="nobody learns"):
        found.curves


def test_the_seller_learns_the_same_beside_buyers_who_tell_the_truth() -> None:
    wishes = lone_seller()
    # The share draws one prosumer; this seed draws the seller.
    seed = next(s for s in range(100) if learn_together(wishes, 0.1, 1, [s]).learns[0, 0])
    found = learn_together(wishes, 0.1, 300, [seed])
    assert found.learns.sum() == 1
    shade = found.shade[0, 0, found.kinds[0]]
    assert shade == SHADES[BiddingMarket(wishes, who=0).best[found.kinds[0]]] > 0
    assert (found.price[0] > found.truthful.price).all()
    assert found.gain[0, 0] > found.truthful.gain[0].sum()
    assert found.welfare_lost[0] > 0.05
    rows = {row["side"]: row for row in found.gain_rows() if row["who"] == "learn"}
    assert rows["sellers"]["learned"] == pytest.approx(found.gain[0, 0])
    assert rows["sellers"]["prosumers"] == 1


def test_competition_undoes_what_a_lone_seller_learns() -> None:
    one, four = (learn_together(sellers_of_forty(n), 1.0, 300, range(3)) for n in (1, 4))
    truth = one.truthful.price[0]
    assert truth == pytest.approx(four.truthful.price[0])
    # The gap between the price with learning and with the truth is several times smaller.
    assert (one.price - truth).min() > 3 * (four.price - truth).max()
    assert one.welfare_lost.min() > 0.05 > 0.01 > four.welfare_lost.max()


def test_who_neither_explores_nor_knows_tells_the_truth_on_the_first_day() -> None:
    wishes = random_wishes(6, prosumers=10, hours=6)
    learner = Learner(explore=Exploration(0.0, 0.0), spread=0.0)
    found = learn_together(wishes, 1.0, 1, [1, 2], learner)
    own = found.truthful.gain.sum(axis=1)
    assert found.history.rewards[:, 0] == pytest.approx(np.tile(own, 2))
    assert found.curves[:, 0] == pytest.approx([own.mean()] * 2)


def test_the_place_in_the_history_is_the_learners_own() -> None:
    wishes = random_wishes(6, prosumers=10, hours=6)
    found = learn_together(wishes, 0.4, 20, [8, 9])
    policy = found.history.policy
    for n, p in np.argwhere(found.learns):
        assert found.shade[n, p].tolist() == [SHADES[a] for a in policy[found.place(n, p)]]
    n, p = np.argwhere(~found.learns)[0]
    with pytest.raises(BadInput, match="does not learn"):
        found.place(n, p)


def test_accounts_close_with_learners() -> None:
    wishes = random_wishes(6, prosumers=10, hours=6)
    found = learn_together(wishes, 0.5, 30, [1, 2])
    assert found.gain.sum(axis=1) == pytest.approx(found.welfare)
    assert (found.welfare_lost >= 0).all()
    # What it came to is what clearing with the shades it reports gives.
    for n in range(2):
        again = wishes.cleared(found.shade[n][:, found.kinds])
        assert again.price == pytest.approx(found.price[n], nan_ok=True)
        assert again.gain.sum(axis=1) == pytest.approx(found.gain[n])
    assert (found.shade[~found.learns] == 0).all()


def test_seeds_fix_everything_and_do_not_disturb_each_other() -> None:
    wishes = random_wishes(6, prosumers=10, hours=6)
    both, second = (learn_together(wishes, 0.4, 20, seeds) for seeds in ([8, 9], [9]))
    assert (both.learns[1] == second.learns[0]).all()
    assert (both.shade[1] == second.shade[0]).all()
    assert (both.curves[1] == second.curves[0]).all()
    assert (both.curves[0] != both.curves[1]).any()


def test_who_learns_at_a_smaller_share_also_learns_at_a_larger() -> None:
    wishes = random_wishes(6, prosumers=10)
    few, many = (learn_together(wishes, share, 1, range(5)).learns for share in (0.3, 0.8))
    assert few.sum(axis=1).tolist() == [3] * 5
    assert many.sum(axis=1).tolist() == [8] * 5
    assert (many | ~few).all()


def test_who_has_nothing_to_bid_learns_nothing() -> None:
    wishes = random_wishes(6)
    idle = Wishes(**{**wishes.__dict__, "demand": wishes.demand * 0, "offer": wishes.offer * 0})
    found = learn_together(idle, 1.0, 5, [1])
    assert found.history.visits.sum() == 0
    busy = learn_together(wishes, 1.0, 5, [1])
    hours = ((wishes.demand > 0) | (wishes.offer > 0)).sum(axis=1)
    assert busy.history.visits[-1].sum(axis=(1, 2)).tolist() == (5 * hours).tolist()


def test_rows_for_a_chart_have_every_hour() -> None:
    found = learn_together(lone_seller(5), 1.0, 10, [1, 2, 3])
    rows = found.price_rows()
    assert [row["hour"] for row in rows] == list(range(5))
    for row in rows:
        assert row["low"] <= row["learned"] <= row["high"]
        assert row["truthful"] == pytest.approx(found.truthful.price[row["hour"]])


@pytest.mark.parametrize(
    ("told", "changed"),
    [
        ("demand has the shape", {"demand": np.ones((2, 2))}),
        ("import_price has the shape", {"import_price": np.ones(2)}),
        ("negative", {"offer": np.full((6, 4), -1.0)}),
        ("values are expected", {"value": np.ones(4)}),
    ],
)
def test_what_does_not_fit_is_refused(told: str, changed: dict[str, np.ndarray]) -> None:
    with pytest.raises(BadInput, match=told):
        Wishes(**{**random_wishes(1).__dict__, **changed})


def test_senseless_requests_are_refused() -> None:
    wishes = random_wishes(1)
    with pytest.raises(BadInput, match="share"):
        learn_together(wishes, 1.5, 1, [1])
    with pytest.raises(BadInput, match="one seed"):
        learn_together(wishes, 1.0, 1, [])
    with pytest.raises(BadInput, match="one episode"):
        learn_together(wishes, 1.0, 0, [1])
    with pytest.raises(BadInput, match="6 prosumers"):
        BiddingMarket(wishes, who=6)
