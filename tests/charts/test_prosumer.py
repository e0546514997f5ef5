"""The best demand is where nothing gains more, and a loss is no gain."""

import pytest
from looks import every, layers, rows_of, texts, title

from energychain.charts import as_table, prosumer
from energychain.widgets.prosumer import wish

PICTURES = {
    "marginal": lambda: prosumer.marginal(wish(0.25)),
    "marginal, first": lambda: prosumer.marginal(wish(0.4), first=wish(0.25)),
    "gain": lambda: prosumer.gain(wish(0.25)),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


@pytest.mark.parametrize("price", [0.0, 0.1, 0.25, 0.4, 0.69, 0.8])
def test_no_other_demand_within_the_limits_gains_more(price):
    home = wish(price)
    grid = [home.low + (home.high - home.low) * k / 1000 for k in range(1001)]
    assert max(map(home.gain, grid)) <= home.gain(home.demand) + 1e-9
    drawn = as_table(prosumer.gain(home))
    inside = drawn[(drawn["kwh"] >= home.low) & (drawn["kwh"] <= home.high)]
    assert inside["gain"].max() <= home.gain(home.demand) + 1e-6


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (0.25, "there the last kWh is worth just what it costs"),
        (0.8, "comfort is in the way of less"),
    ],
)
def test_the_chart_says_why(price, words):
    first, *rest = title(prosumer.marginal(wish(price)))[1]
    assert "".join([first.lower(), *rest]) == words


def area(spec, fill):
    return [rows_of(spec, layer) for layer in layers(spec, "area", fill=fill)]


def test_demand_that_costs_more_than_it_is_worth_is_no_gain():
    dear, fair = (prosumer.marginal(wish(price)).to_dict() for price in (0.65, 0.25))
    ((gain, lost),) = zip(area(dear, prosumer.SUN), area(dear, prosumer.LOST), strict=True)
    assert [row["_x"] for row in gain] == pytest.approx([0, 0.4])  # there worth and cost meet
    assert [row["_x"] for row in lost] == pytest.approx([0.4, 0.5])  # and comfort asks for more
    assert "loss" in texts(dear)
    assert area(fair, prosumer.LOST) == []
    assert "loss" not in texts(fair)


def test_a_loss_is_called_one():
    assert title(prosumer.gain(wish(0.8)))[0] == (
        "Any other demand within its comfort loses more than 0.056 EUR"
    )


def test_more_can_be_of_no_use():
    assert wish(0.1, high=2.0).because == "more is of no use to it"


def test_what_it_wanted_first_is_a_hollow_circle():
    assert "first 2 kWh" in texts(prosumer.marginal(wish(0.4), first=wish(0.25)).to_dict())
