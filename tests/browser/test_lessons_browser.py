"""Each lesson in a real browser: run whole, its explorers moved, the drawn marks asserted."""

import pytest

from tests.browser.lab import ROOT, Lab

LESSONS = sorted(path.name for path in (ROOT / "lessons").glob("*.ipynb"))

SOLD = "svg.marks path[fill='#E69F00']"
"""The drawn hours in which something was sold, and one mark of the key."""


@pytest.mark.parametrize("lesson", [name for name in LESSONS if name[:2] not in ("05", "06")])
def test_a_lesson_runs_from_its_first_cell_to_its_last(lab: Lab, lesson: str) -> None:
    lab.open(lesson)
    lab.run_all()
    assert lab.complaints == []


def test_the_token_day_its_explorers_and_what_they_draw(lab: Lab) -> None:
    lab.open("05_token_day.ipynb")
    lab.run_all()

    day = lab.cell("TokenDayExplorer()")
    lab.wait_for_text(day, r"13\.625 kWh sold, 0\.633 kWh nobody could take")
    lab.screenshot("05_token_day_as_saved")
    sunny = day.locator(SOLD).count()
    assert sunny >= 9
    lab.move_slider(day, 10)  # ten half kilowatts
    lab.wait_for_text(day, r"19\.091 kWh nobody could take")
    assert day.locator(SOLD).count() > sunny
    lab.screenshot("05_token_day_larger_roof")
    lab.move_slider(day, -16, number=2)  # opening tokens, from 100 to 20
    lab.wait_for_text(day, r"was refused \d+ times")

    tampered = lab.cell("BlockExplorer(day.chain)")
    lab.wait_for_text(tampered, "keep every rule")
    number = tampered.get_by_label("Its value")
    lab.press(number, "ArrowUp")
    lab.press(number, "Enter")
    lab.wait_for_text(tampered, r"(?i)merkle root.*broken|broken.*merkle root")
    lab.screenshot("05_tampered_block")
    lab.click(tampered, "Recompute the Merkle root")
    lab.wait_for_text(tampered, r"(?i)seal")
    lab.click(tampered, "Mine block 11 again")
    lab.wait_for_text(tampered, r"(?i)signature")
    lab.screenshot("05_mined_again_and_still_broken")

    wallet = lab.cell("Wallet()")
    lab.click(wallet, "Send")
    lab.wait_for_text(wallet, r"(?i)waits")
    lab.click(wallet, "Mine a block")
    lab.wait_for_text(wallet, "1 of 12")
    lab.click(wallet, "Mine a block")
    lab.wait_for_text(wallet, "2 of 12")
    lab.screenshot("05_wallet")
    assert lab.complaints == []


def test_the_market_one_order_moved_by_keyboard_and_what_it_does(lab: Lab) -> None:
    lab.open("06_market_clearing.ipynb")
    lab.run_all()

    market = lab.cell("MarketExplorer(")
    lab.wait_for_text(market, r"20\.6 kWh trade at 22 token/kWh, and C sets")
    drawn = market.locator("svg.marks")
    blocks = drawn.locator("[aria-label*=' kWh at ']")
    assert blocks.count() == 8
    assert drawn.get_by_text("price 22", exact=True).count() == 1
    lab.screenshot("06_market_as_saved")

    lab.move_slider(market, +2)  # C's limit, in half tokens
    lab.wait_for_text(market, r"C asks 23 instead of 22: 20\.6 kWh trade at 23 token/kWh")
    drawn.get_by_text("price 23", exact=True).wait_for()
    assert drawn.locator("[aria-label='offer C: 9.8 kWh at 23, 6.6 trades']").count() == 1
    assert drawn.get_by_text("as it was").count() == 1
    lab.screenshot("06_market_order_moved")

    lab.move_slider(market, -2)
    lab.move_slider(market, -33, number=1)  # C's quantity, from 9.8 to 6.5
    lab.wait_for_text(market, r"C offers 6\.5 instead of 9\.8 kWh: 20\.5 kWh trade at 24")
    drawn.get_by_text("set by B").wait_for()

    menus = market.locator("select")
    menus.nth(1).select_option("D: bids 10.9 at 26")
    lab.wait_for_text(market, "All orders are as they were")
    menus.nth(0).select_option("trade reduction")
    lab.wait_for_text(market, r"14 kWh trade; buyers pay 24 and sellers receive 22")
    drawn.get_by_text("operator keeps 28").wait_for()
    lab.screenshot("06_market_trade_reduction")
    lab.click(market, "Show me the code")
    lab.wait_for_text(market, r'clear\(changed, "trade_reduction"\)')
    lab.click(market, "Reset")
    lab.wait_for_text(market, r"20\.6 kWh trade at 22 token/kWh, and C sets")
    assert lab.complaints == []
