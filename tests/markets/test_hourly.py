"""Many hours at once agree with one book at a time, and keep what a uniform price promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.markets.hourly import Hours, clear_hours
from energychain.markets.orders import Book, Order
from energychain.markets.uniform_price import uniform_price
from energychain.primitives.refusals import BadInput

KWH = 10**6


def some_hours(seed: int, buyers: int = 4, sellers: int = 4, hours: int = 60) -> list[np.ndarray]:
    """Few prices and few quantities, so that ties and zeros are common."""
    rng = np.random.default_rng(seed)
    return [
        rng.integers(1, 9, (buyers, hours)).astype(float),
        rng.integers(0, 4, (buyers, hours)) * KWH,
        rng.integers(1, 9, (sellers, hours)).astype(float),
        rng.integers(0, 4, (sellers, hours)) * KWH,
    ]


def book_of(arrays: list[np.ndarray], hour: int) -> Book:
    bid_price, bid_quantity, offer_price, offer_quantity = (each[:, hour] for each in arrays)
    sides = (("buy", bid_price, bid_quantity), ("sell", offer_price, offer_quantity))
    return Book.of(
        Order(f"{side}{i}", f"{side}{i}", side, int(quantity[i]), int(price[i]) * KWH)  # type: ignore[arg-type]
        for side, price, quantity in sides
        for i in range(len(price))
        if quantity[i]
    )


@pytest.mark.parametrize("seed", range(8))
def test_every_hour_is_the_uniform_price_of_its_book(seed: int) -> None:
    arrays = some_hours(seed, buyers=seed % 5, sellers=(3 * seed) % 5)
    found = clear_hours(*arrays)
    traded = 0
    for hour in range(arrays[0].shape[1]):
        book = book_of(arrays, hour)
        clearing = uniform_price(book) if len(book) else None
        if clearing is None or clearing.price is None:
            assert np.isnan(found.price[hour])
            assert found.quantity[hour] == 0
            continue
        traded += 1
        assert found.quantity[hour] == clearing.quantity
        assert found.price[hour] == clearing.price / KWH
        for order in book.orders:
            fills = found.bought if order.side == "buy" else found.sold
            mine = fills[int(order.id.removeprefix("buy").removeprefix("sell")), hour]
            assert abs(mine - clearing.fill(order.id)) < 1  # the book rounds to whole units
    assert traded > 10 or not (seed % 5 and (3 * seed) % 5)


def test_the_upstream_market_is_an_order_without_limit() -> None:
    arrays = some_hours(3)
    hours = arrays[0].shape[1]
    found = clear_hours(*arrays, np.full(hours, 6.0), np.full(hours, 2.0))
    outside = [
        np.vstack([arrays[0], np.full(hours, 2.0)]),
        np.vstack([arrays[1], np.full(hours, 10**9)]),
        np.vstack([arrays[2], np.full(hours, 6.0)]),
        np.vstack([arrays[3], np.full(hours, 10**9)]),
    ]
    for hour in range(hours):
        price = uniform_price(book_of(outside, hour)).price
        demand, supply = arrays[1][:, hour].sum(), arrays[3][:, hour].sum()
        if demand and supply and found.quantity[hour]:
            assert price is not None
            assert 2 <= found.price[hour] <= 6
            assert found.price[hour] == price / KWH
    assert found.imported.max() > 0
    assert found.exported.max() > 0


@given(st.integers(0, 10_000))
def test_energy_balances_and_nobody_regrets(seed: int) -> None:
    arrays = some_hours(seed, hours=5)
    found = clear_hours(*arrays, np.full(5, 7.0), np.full(5, 1.5))
    into, out = found.bought.sum(0) + found.exported, found.sold.sum(0) + found.imported
    np.testing.assert_allclose(into, out, atol=1e-6)
    np.testing.assert_allclose(into, found.quantity, atol=1e-6)
    bid_price, bid_quantity, offer_price, offer_quantity = arrays
    assert (found.bought[bid_price < found.price] == 0).all()
    assert (found.sold[offer_price > found.price] == 0).all()
    np.testing.assert_array_equal(
        found.bought[bid_price > found.price], bid_quantity[bid_price > found.price]
    )
    np.testing.assert_array_equal(
        found.sold[offer_price < found.price], offer_quantity[offer_price < found.price]
    )


def test_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = some_hours(5, hours=31)
    whole = clear_hours(*arrays)
    monkeypatch.setattr("energychain.markets.hourly.AT_ONCE", 40)
    parts = clear_hours(*arrays)
    for name in Hours.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bid_price": np.ones((2, 3))}, "one shape"),
        ({"bid_quantity": np.ones((1, 2))}, "whole numbers of mWh"),
        ({"offer_quantity": np.array([[1, -1]])}, "at least 0, found -1"),
        ({"offer_price": np.array([[1.0, np.nan]])}, "finite"),
        ({"import_price": np.ones(3)}, "import price for each of 2 hours"),
        ({"import_price": np.ones(2), "export_price": np.array([1.0, 2.0])}, "hour 1"),
    ],
)
def test_bad_arrays_are_refused(change: dict[str, np.ndarray], message: str) -> None:
    good = {
        "bid_price": np.ones((1, 2)),
        "bid_quantity": np.ones((1, 2), dtype=np.int64),
        "offer_price": np.ones((1, 2)),
        "offer_quantity": np.ones((1, 2), dtype=np.int64),
    }
    with pytest.raises(BadInput, match=message):
        clear_hours(**(good | change))


def test_sides_of_different_length_are_refused() -> None:
    one, two = np.ones((1, 1)), np.ones((1, 2))
    with pytest.raises(BadInput, match="as many hours"):
        clear_hours(one, one.astype(int), two, two.astype(int))
