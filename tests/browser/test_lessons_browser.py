"""Each lesson in a real browser: run whole, its explorers moved, the drawn marks asserted."""

import pytest

from tests.browser.lab import ROOT, Lab

LESSONS = sorted(path.name for path in (ROOT / "lessons").glob("*.ipynb"))

SOLD = "svg.marks path[fill='#E69F00']"
"""The drawn hours in which something was sold, and one mark of the key."""


@pytest.mark.parametrize(
    "lesson", [name for name in LESSONS if name[:2] not in ("05", "06", "07", "09", "10")]
)
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


def test_the_charging_quota_moved_by_keyboard_and_what_it_draws(lab: Lab) -> None:
    lab.open("07_charging_quota.ipynb")
    lab.run_all()

    quota = lab.cell("ChargingQuotaExplorer()")
    lab.wait_for_text(quota, r"323 are there, so everybody first gets 82\.8% of its wish")
    drawn = quota.locator("svg.marks")
    assert drawn.locator("[aria-label*=': D ']").count() == 4  # a piece of each bar
    assert drawn.locator("[aria-label='after trade: B 52.75 kW']").count() == 1
    assert drawn.locator("[aria-label='B pays 149.5']").count() == 1
    lab.screenshot("07_charging_quota_as_saved")

    lab.move_slider(quota, +20)  # the margin, in kW
    lab.wait_for_text(quota, r"343 are there, so everybody first gets 87\.9%")
    drawn.get_by_text("transformer: 343 kW").wait_for()
    drawn.locator("[aria-label='first quota: B 42.22 kW']").wait_for()
    lab.move_slider(quota, -20)

    menus = quota.locator("select")
    menus.nth(0).select_option("each pair at its own")
    drawn.locator("[aria-label='E pays 70.4']").wait_for()
    menus.nth(0).select_option("one price: the last pair's")

    lab.move_slider(quota, +8, number=1)  # B's limit, from 24 to 28
    lab.wait_for_text(quota, r"B bids 28, buys 6\.5 kWh for 156 tokens")
    drawn.locator("[aria-label='E pays 76.8']").wait_for()

    menus.nth(1).select_option("H: asks 16 for 6.8 kWh")
    lab.wait_for_text(quota, r"H asks 16, sells 6\.8 kWh for 156\.4 tokens")
    lab.move_slider(quota, +8, number=2)  # beyond its quota, in kW
    lab.wait_for_text(quota, r"8 kW beyond its quota: a penalty of 896 tokens")
    drawn.get_by_text("H: 8.0 over").wait_for()
    drawn.locator("[aria-label='H receives 156.4, penalty 896']").wait_for()
    lab.screenshot("07_charging_quota_beyond")

    lab.click(quota, "Show me the code")
    lab.wait_for_text(quota, r'loads=\{"H": 17_076_923\}')
    lab.click(quota, "Reset")
    lab.wait_for_text(quota, r"B bids 24, buys 6\.5 kWh for 149\.5 tokens")
    for name in ("settlement", "margin_scan", "month", "policies"):
        picture = lab.cell(f"charts.{name}(")
        picture.locator("svg.marks").first.wait_for()
        lab.screenshot(f"07_{name}", picture)
    assert lab.complaints == []


def test_the_event_day_moved_by_keyboard_and_what_it_draws(lab: Lab) -> None:
    lab.open("09_demand_response_contract.ipynb")
    lab.run_all()

    event = lab.cell("EventDayExplorer()")
    lab.wait_for_text(event, r"it gets 1\.20 €\. The inflation brings 1\.23 €.*it loses 1\.99 €")
    drawn = event.locator("svg.marks")
    hour = "[aria-label^='17:00: baseline']"
    assert "paid for 0.460, of it" in (drawn.locator(hour).get_attribute("aria-label") or "")
    lab.screenshot("09_event_day_as_saved")

    lab.move_slider(event, +8, number=3)  # the incentive, in half euros
    lab.wait_for_text(event, r"it gains 2\.94 €")
    drawn.get_by_text("Gained by cheating: +2.94 €").wait_for()
    lab.screenshot("09_event_day_cheat_pays")

    menu = event.locator("select")
    menu.select_option("control group")
    lab.wait_for_text(event, r"The inflation brings 0\.00 €.*it loses 3\.22 €")
    drawn.locator("[aria-label^='17:00: baseline 0.816']").wait_for()
    lab.screenshot("09_event_day_control_group")
    menu.select_option("five in ten, cap 40 %")
    lab.move_slider(event, -6, number=2)  # the inflation, from 30 % to none
    lab.wait_for_text(event, "Its past is honest")
    lab.move_slider(event, -3, number=1)  # what it really saves, from 15 % to nothing
    lab.wait_for_text(event, r"H0-A really used 0\.00 kWh less")
    drawn.get_by_text("was paid for and not done").wait_for()

    lab.click(event, "Show me the code")
    lab.wait_for_text(event, r"play\('H0-A', rule='five in ten, cap 40 %', answer=0")
    lab.click(event, "Reset")
    lab.wait_for_text(event, r"it loses 1\.99 €")
    for number, name in enumerate(
        ("event_day", "grid_state", "baseline_errors", "gaming", "at_incentives")
    ):
        picture = lab.cell(f"charts.{name}(")
        picture.locator("svg.marks").first.wait_for()
        lab.screenshot(f"09_{number}_{name}", picture)
    assert lab.complaints == []


def test_the_dc_fault_moved_by_keyboard_and_what_it_draws(lab: Lab) -> None:
    lab.open("10_dc_fault.ipynb")
    lab.run_all()

    fault = lab.cell("FaultExplorer()")
    lab.wait_for_text(fault, r"trip at 1\.30 ms, isolated at 1\.42 ms, 1\.50 J let through")
    drawn = fault.locator("svg.marks")
    assert drawn.get_by_text("isolated 1.42 ms", exact=True).count() == 1
    lab.screenshot("10_fault_as_saved", fault)

    lab.move_slider(fault, +20)  # the resistance, in twentieths of a power of ten
    lab.wait_for_text(fault, r"A 10 ohm fault at 33 %.* isolated at 0\.48 ms")
    drawn.get_by_text("isolated 0.48 ms", exact=True).wait_for()
    lab.move_slider(fault, -20)
    lab.move_slider(fault, +87, number=1)  # the place, from 0.33 to 1.20
    lab.wait_for_text(fault, r"beyond bus 2, not on this line.* no trip, as it should be")
    fault.locator("select").select_option("rule (6) as printed")
    lab.wait_for_text(fault, r"tripped at 5\.84 ms, with no fault on the line")
    drawn.get_by_text("trip 5.84 ms", exact=True).wait_for()
    lab.screenshot("10_fault_beyond", fault)
    lab.click(fault, "Show me the code")
    lab.wait_for_text(fault, r'watched\(line, Fault\(1, 1\.2\), "literal"')
    lab.click(fault, "Reset")
    lab.wait_for_text(fault, r"isolated at 1\.42 ms, 1\.50 J let through")

    attack = lab.cell("AttackExplorer()")
    lab.wait_for_text(attack, r"tripped on nothing, at 1\.32 ms\. Nothing notices it")
    drawn = attack.locator("svg.marks")
    drawn.get_by_text("Tripped on nothing, at 1.32 ms", exact=True).wait_for()
    lab.screenshot("10_attack_as_saved", attack)
    menus = attack.locator("select")
    lab.press(attack.locator("input[type=checkbox]"), "Space")
    lab.wait_for_text(attack, r"no trip, as it should be\. The first is refused for its epoch")
    menus.nth(1).select_option("a 1 ohm fault at 33 %")
    lab.wait_for_text(attack, r"missed: the fault is fed 7\.82 J.* Beyond the checks")
    menus.nth(2).select_option("the link and the ledger")
    lab.wait_for_text(attack, r"cleared on the ledger's word: isolated at 2\.87 ms")
    drawn.get_by_text("epoch: 372 refused", exact=True).wait_for()
    lab.move_slider(attack, -9)  # the ledger's delay, from 1.45 to 1 ms
    lab.wait_for_text(attack, r"isolated at 2\.42 ms")
    lab.screenshot("10_attack_and_ledger", attack)
    menus.nth(0).select_option("flood: wrong tags at the line's port")
    lab.wait_for_text(attack, r"refused for its tag")
    lab.screenshot("10_attack_flood", attack)

    for name in (
        "charts.currents(",
        "dc_protection.regions(",
        "dc_protection.waiting(",
        ".campaign(",
        "low.rule(",
    ):
        picture = lab.cell(name)
        picture.locator("svg.marks").first.wait_for()
        lab.screenshot(f"10_{name.strip('.(').replace('.', '_')}", picture)
    assert lab.complaints == []
