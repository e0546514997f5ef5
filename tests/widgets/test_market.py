"""The explorer of one order: every control changes what is seen, and reset takes it back."""

import pytest
from explorers import assert_asks, assert_keeps, drawn, kept, kept_chart

from energychain.course.exercises import check, solution
from energychain.markets.orders import Book, order
from energychain.markets.rules import RULES, clear
from energychain.studies import charging_quota
from energychain.widgets.market import MarketExplorer


@pytest.fixture
def explorer():
    return MarketExplorer()


def test_the_book_is_the_chapters():
    book = charging_quota.book()
    assert sum(book.quantity[book.bids]) == 26_000_000
    assert sum(book.quantity[book.offers]) == 27_000_000
    assert book.order("D").price == 26_000_000


def test_it_asks_a_question_and_has_few_controls(explorer):
    assert explorer.question == "What does one order do to everybody's price?"
    assert list(explorer.controls) == ["rule", "order", "price", "quantity", "point"]
    assert_asks(explorer)


def test_it_begins_with_the_order_at_the_margin(explorer):
    assert explorer.values["order"] == "C"
    assert explorer.status == (
        "All orders are as they were: 20.6 kWh trade at 22 token/kWh, and C sets the competitive"
        " price. Buyers gain 75.8, sellers 62.4."
    )
    assert repr(explorer) == (
        "MarketExplorer(rule='uniform', order='C', price=22.0, quantity=9.8, point='mid')"
    )


def test_what_a_notebook_keeps(explorer):
    assert_keeps(explorer)
    assert kept(explorer)["text/plain"].startswith("[chart] What does one order do")


@pytest.mark.parametrize(
    ("name", "value"), [("rule", "pairwise"), ("price", 23.0), ("quantity", 6.6), ("order", "D")]
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(
    explorer, name, value
):
    before, words = kept_chart(explorer), (repr(explorer), explorer.code)
    explorer.controls[name].value = value
    assert (repr(explorer), explorer.code) != words
    assert [w.spec for w in explorer._live] == drawn(explorer)
    if name != "order":  # another order to move changes nothing yet
        assert kept_chart(explorer) != before
    explorer.reset()
    assert kept_chart(explorer) == before
    assert (repr(explorer), explorer.code) == words


def test_the_point_moves_the_price_where_there_is_an_interval(explorer):
    explorer.controls["quantity"].value = 6.6  # now B and C both trade wholly
    low, high = clear(charging_quota.book().replaced(explorer.moved())).price_interval
    assert low < high
    said = {}
    for point in ("seller", "mid", "buyer"):
        explorer.controls["point"].value = point
        said[point] = explorer.status
    assert f"trade at {low / 1e6:g} token" in said["seller"]
    assert f"trade at {(low + high) / 2e6:g} token" in said["mid"]
    assert f"trade at {high / 1e6:g} token" in said["buyer"]
    assert "C and B set" in said["mid"] or "B and C set" in said["mid"]


def test_another_order_brings_its_own_sliders_and_nothing_moves(explorer):
    explorer.controls["price"].value = 24.0
    explorer.controls["order"].value = "E"
    assert (explorer.values["price"], explorer.values["quantity"]) == (28.0, 3.2)
    assert explorer.status.startswith("All orders are as they were")
    explorer.controls["price"].value = 27.0
    assert explorer.status.startswith("E bids 27 instead of 28")


def test_the_sentence_holds_the_numbers_of_the_rule(explorer):
    explorer.controls["price"].value = 23.5
    dearer = order("C", "C", "sell", "9.8", "23.5")
    now, then = clear(charging_quota.book().replaced(dearer)), clear(charging_quota.book())
    gains = [sum(c.gains[c.book.bids]) / 1e12 for c in (then, now)]
    assert "20.6 kWh trade at 23.5 token/kWh (before: 20.6 kWh trade at 22" in explorer.status
    assert f"Buyers gain {gains[1]:g} ({gains[0] - gains[1]:g} less)" in explorer.status
    # C sells 6.6 kWh that cost it 22, for 23.5.
    assert "Counted by its first wish, C gains 9.9 (before: gains 0)." in explorer.status


def test_the_curves_as_they_were_stay_visible(explorer):
    def dashed():
        dash = explorer.view.charts[0].to_dict()["layer"]
        return sum(layer["mark"].get("strokeDash") == [2, 3] for layer in dash)

    assert dashed() == 0
    explorer.controls["price"].value = 25.0
    assert dashed() >= 2


def test_the_axes_stay_while_the_order_moves(explorer):
    def axes():
        first = explorer.view.charts[0].to_dict()["layer"][0]["encoding"]
        return first["x"]["scale"]["domain"], first["y"]["scale"]["domain"]

    start = axes()
    for price in (explorer.controls["price"].min, explorer.controls["price"].max):
        explorer.controls["price"].value = price
        assert axes() == start


def test_what_holds_and_who_pays_are_tables(explorer):
    explorer.controls["rule"].value = "last_pair"
    for cell in ("What holds", "✓ yes", "✗ no", "C: asks 9.8 at 22", "receives 151.8", "pays 73.6"):
        assert cell in explorer.view.details


def test_the_code_leads_to_the_same_chart(explorer):
    explorer.controls["price"].value = 23.5
    explorer.controls["point"].value = "buyer"
    code = explorer.code.splitlines()
    code[-1] = f"made = {code[-1]}"
    names = {}
    exec("\n".join(code), names)
    seen = explorer.view.charts[0].to_dict()
    assert names["made"].to_dict()["description"] == seen["description"]


def test_rules_that_refuse_the_book_are_not_offered(explorer):
    offered = [name for _, name in explorer.controls["rule"].options]
    assert {"uniform", "vcg", "random"} <= set(offered) < set(RULES)
    assert "community" not in offered


@pytest.mark.parametrize("rule", [name for _, name in MarketExplorer().controls["rule"].options])
def test_every_rule_can_be_chosen_and_an_order_of_each_side_moved_to_the_ends(rule):
    explorer = MarketExplorer(rule=rule)
    for id in ("C", "D"):
        explorer.controls["order"].value = id
        for name in ("price", "quantity"):
            slider = explorer.controls[name]
            for value in (slider.min, slider.max):
                slider.value = value
                assert explorer.status.endswith(".")


def test_a_rule_that_refuses_says_so_and_the_curves_stay():
    stubborn = Book.of(
        [order("b", "ann", "buy", "2", "9"), order("s", "sam", "sell", "2", "4", divisible=False)]
    )
    explorer = MarketExplorer(stubborn, "uniform")
    assert "The rule refuses: order s is all or none" in explorer.status
    assert explorer.view.charts


def test_other_books_have_their_own_ranges_and_code():
    cheap = Book.of(
        [order("b", "ann", "buy", "200", "0.08"), order("s", "sam", "sell", "90", "-0.02")]
    )
    explorer = MarketExplorer(cheap, order="s", source="my_book")
    slider = explorer.controls["price"]
    assert slider.min < -0.02 < 0.08 < slider.max
    assert slider.step < 0.01
    assert explorer.controls["quantity"].max >= 200
    assert "my_book.replaced" in explorer.code
    assert "charging_quota" not in explorer.code


def test_a_bid_at_the_cap_stays_at_the_cap():
    capped = Book.of(
        [order("b", "ann", "buy", "2", "30"), order("s", "sam", "sell", "1", "10")], cap=30_000_000
    )
    explorer = MarketExplorer(capped, order="b")
    explorer.controls["price"].value = explorer.controls["price"].max
    assert explorer.moved().price == 30_000_000


def test_an_empty_book_is_refused():
    with pytest.raises(ValueError, match="no order to move"):
        MarketExplorer(Book.of([]))


def test_labels_have_units_and_can_be_read_whole(explorer):
    labels = {name: control.description for name, control in explorer.controls.items()}
    assert labels["price"] == "Limit (token/kWh)"
    assert labels["quantity"] == "Quantity (kWh)"
    for control in explorer.controls.values():
        assert len(control.description) * 7 < int(control.style.description_width[:-2])


def test_the_prediction_stays():
    explorer = MarketExplorer(prediction="the price rises")
    explorer.controls["price"].value = 25.0
    assert "You predicted: the price rises" in explorer._prediction.value


# --- the lesson's exercises, held against the market ----------------------------------


def answered(source: str) -> object:
    names: dict[str, object] = {}
    exec(source, names)
    return names["answer"]


def test_the_gain_of_d_is_what_the_clearing_says():
    outcome = clear(charging_quota.book())
    assert answered(solution("06.gain")) == outcome.gains_by_trader["D"] / 1e12


def test_no_other_quantity_in_tenths_gains_c_more():
    def gains(tenths):
        offered = order("C", "C", "sell", str(tenths / 10), "22")
        return clear(charging_quota.book().replaced(offered)).gains_by_trader["C"]

    best = max(range(99), key=gains)
    assert answered(solution("06.withhold")) == best / 10


def test_what_is_offered_at_a_price_is_the_sum_of_the_orders():
    offers = [each for each in charging_quota.book().orders if each.side == "sell"]
    for price in range(10, 41):
        wanted = sum(each.quantity for each in offers if each.price <= price * 10**6)
        assert answered(solution("06.offered"))(price) == wanted
        assert check("06.offered", answered(solution("06.offered"))).verdict == "right"
