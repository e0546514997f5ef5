"""Each lesson in a real browser: run whole, its explorers moved, the drawn marks asserted."""

import re

import pytest

from tests.browser.lab import ROOT, Lab

LESSONS = sorted(path.name for path in (ROOT / "lessons").glob("*.ipynb"))

SOLD = "svg.marks path[fill='#E69F00']"
"""The drawn hours in which something was sold, and one mark of the key."""


@pytest.mark.parametrize(
    "lesson",
    [
        name
        for name in LESSONS
        if name[:2] not in ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11")
    ],
)
def test_a_lesson_runs_from_its_first_cell_to_its_last(lab: Lab, lesson: str) -> None:
    lab.open(lesson)
    lab.run_all()
    assert lab.complaints == []


def in_a_file(call: str) -> str:
    """A call as a part of a file's name."""
    return "_".join(re.findall(r"\w+", call))


def test_keys_and_hashes_typed_and_altered_by_keyboard(lab: Lab) -> None:
    lab.open("01_keys_and_hashes.ipynb")
    lab.run_all()

    avalanche = lab.cell("AvalancheExplorer()")
    lab.wait_for_text(avalanche, r"becomes '3'\. .*: 118 of 256 bits change")
    drawn = avalanche.locator("svg.marks")
    drawn.get_by_text("118 of 256 bits have changed", exact=True).first.wait_for()
    lab.screenshot("01_avalanche_as_saved", avalanche)
    becomes = avalanche.get_by_label("becomes")
    becomes.fill("5")
    lab.wait_for_text(avalanche, r"becomes '5'\. .*: 113 of 256 bits change")
    drawn.get_by_text("this one: 113", exact=True).first.wait_for()
    lab.move_slider(avalanche, +9)  # to the last character but one
    lab.wait_for_text(avalanche, r"Character 27, 'h', becomes '5'")
    avalanche.get_by_label("Reading").fill("3 kWh")
    lab.wait_for_text(avalanche, r"Character 5, 'h', becomes '5'")
    drawn.get_by_text("40 small alterations", exact=False).first.wait_for()
    lab.screenshot("01_avalanche_another_reading", avalanche)
    lab.click(avalanche, "Reset")
    lab.wait_for_text(avalanche, r"Character 18, '4', becomes '3'\. .*: 118 of 256 bits change")

    signing = lab.cell("SigningExplorer()")
    lab.wait_for_text(signing, r"Nothing was altered\. Every check is kept")
    lab.wait_for_text(signing, r"Signed a second time: the same 64 bytes")
    lab.screenshot("01_signing_as_saved", signing)
    menus = signing.locator("select")
    menus.nth(0).select_option("1 mWh more")
    lab.wait_for_text(signing, r"refuses \(signature\): the signature does not fit")
    lab.wait_for_text(signing, r"0\.427853 kWh ≠")
    lab.screenshot("01_signing_altered", signing)
    menus.nth(0).select_option("the signature's twin")
    lab.wait_for_text(signing, r"the signature has the high s")
    menus.nth(0).select_option("nothing")
    menus.nth(1).select_option("twice")
    lab.wait_for_text(signing, r"refuses the second one \(nonce\): the next nonce is 1, found 0")
    lab.click(signing, "Show me the code")
    lab.wait_for_text(signing, r'deliver\(427852, "nothing", 2\)')
    picture = lab.cell("charts.bits(")
    picture.locator("svg.marks").first.wait_for()
    lab.screenshot("01_bits", picture)
    assert lab.complaints == []


def test_blocks_and_proofs_stepped_forged_and_mined_by_keyboard(lab: Lab) -> None:
    lab.open("02_blocks_and_proofs.ipynb")
    lab.run_all()

    proof = lab.cell("MerkleProofExplorer()")
    lab.wait_for_text(proof, r"Home 6 says 0\.670818 kWh: its digest is [0-9a-f]{8}")
    drawn = proof.locator("svg.marks")
    lab.screenshot("02_proof_as_saved", proof)
    for step in (1, 2, 3):
        lab.click(proof, "Next step")
        lab.wait_for_text(proof, rf"Step {step} of 3: in hand is the digest of home")
    lab.wait_for_text(proof, r"That is the root in the header, [0-9a-f]{8}: proved")
    drawn.get_by_text("This is the header's root: proved", exact=True).first.wait_for()
    lab.screenshot("02_proof_at_the_root", proof)
    lab.press(proof.locator("input[type=checkbox]"), "Space")
    lab.wait_for_text(proof, r"Refused: leaf 5 leads to the root")
    drawn.get_by_text("≠", exact=True).first.wait_for()
    lab.move_slider(proof, +3)  # eleven readings
    lab.wait_for_text(proof, r"Step 3 of 4: .* the other readings, 2,190")
    lab.move_slider(proof, +5, number=1)  # the last home
    lab.wait_for_text(proof, r"Step 2 of 2: .* Refused: leaf 10 leads to the root")
    lab.screenshot("02_proof_of_eleven", proof)
    lab.click(proof, "Reset")
    lab.wait_for_text(proof, r"Home 6 says 0\.670818 kWh: its digest is [0-9a-f]{8}")

    tampered = lab.cell("BlockExplorer(chain, block=2)")
    lab.wait_for_text(tampered, "keep every rule")
    number = tampered.get_by_label("Its value")
    lab.press(number, "ArrowUp")
    lab.press(number, "Enter")
    lab.wait_for_text(tampered, r"(?i)merkle root.*broken|broken.*merkle root")
    lab.screenshot("02_tampered", tampered)

    mining = lab.cell("MiningExplorer()")
    lab.wait_for_text(mining, r"With 10 bits, one try in 1,024 succeeds on average")
    drawn = mining.locator("svg.marks")
    drawn.get_by_text("what miner 1 needs on average", exact=True).first.wait_for()
    lab.screenshot("02_mining_as_saved", mining)
    lab.move_slider(mining, -4)  # the difficulty, in bits
    lab.wait_for_text(mining, r"With 6 bits, one try in 64 succeeds on average")
    drawn.get_by_text("64 are expected", exact=False).first.wait_for()
    lab.move_slider(mining, +5, number=1)  # the second miner's speed
    lab.wait_for_text(mining, r"with its speed, 88 % are expected")
    lab.move_slider(mining, +2, number=2)
    lab.wait_for_text(mining, r"in race 3 ")
    lab.screenshot("02_mining_easier", mining)
    picture = lab.cell("charts.sizes(")
    picture.locator("svg.marks").first.wait_for()
    lab.screenshot("02_sizes", picture)
    assert lab.complaints == []


def test_consensus_blocks_orphaned_and_messages_stepped_by_keyboard(lab: Lab) -> None:
    lab.open("03_consensus.ipynb")
    lab.run_all(300)

    tree = lab.cell("ForkExplorer()")
    lab.wait_for_text(tree, r"the east follows a chain of 5 blocks, the west one of 7")
    drawn = tree.locator("svg.marks")
    orphans = drawn.locator("[aria-label^='block '][aria-label*='orphaned']")
    assert orphans.count() == 0
    assert drawn.locator("[aria-label^='block '][aria-label*='by the east only']").count() == 4
    lab.screenshot("03_forks_as_saved", tree)
    lab.move_slider(tree, +12, number=3)  # the time, from 180 to 240 s
    lab.wait_for_text(tree, r"4\.5 kWh, had been settled and were un-settled; 0 of them")
    drawn.get_by_text("un-settled", exact=True).first.wait_for()
    assert orphans.count() == 4
    lab.screenshot("03_forks_healed", tree)
    lab.move_slider(tree, +4, number=2)  # confirmations, from 1 to 5
    lab.wait_for_text(tree, "No trade that was settled has been un-settled")
    lab.move_slider(tree, +8, number=0)  # the partition, from 120 to 240 s
    lab.move_slider(tree, +48, number=3)  # the time, to the end
    lab.move_slider(tree, +2, number=1)  # the latency, from 0.5 to 2 s
    lab.wait_for_text(tree, r"At 8:00 min .* had been settled and were un-settled")
    lab.screenshot("03_forks_long", tree)
    lab.click(tree, "Show me the code")
    lab.wait_for_text(tree, r"played\(latency_s=2, cut_s=240\)")
    lab.click(tree, "Reset")
    lab.wait_for_text(tree, r"the west one of 7")

    odds = lab.cell("DoubleSpendExplorer()")
    lab.wait_for_text(odds, r"0\.059 % exactly, 0\.024 % by Nakamoto's formula")
    odds.locator("svg.marks").get_by_text("the testbed: 12", exact=True).first.wait_for()
    lab.screenshot("03_double_spend_as_saved", odds)
    lab.move_slider(odds, +20)  # the share, from 10 to 30 %
    lab.wait_for_text(odds, r"With 30 % of the power and 6 confirmations: 16 % exactly, 13 % by")
    lab.screenshot("03_double_spend_30", odds)
    lab.move_slider(odds, +20)  # to 50 %
    lab.wait_for_text(odds, "no number of confirmations helps")

    talk = lab.cell("PbftExplorer()")
    lab.wait_for_text(talk, r"Message 12 of 25: prepare B from replica 3 to 2")
    drawn = talk.locator("svg.marks")
    assert drawn.get_by_text("heard B: 2 of 3 prepares", exact=True).count() == 1
    lab.screenshot("03_pbft_as_saved", talk)
    lab.move_slider(talk, +13)
    lab.wait_for_text(talk, "Block A is final for every honest replica")
    drawn.get_by_text("A is final", exact=True).first.wait_for()
    assert drawn.get_by_text("A is final", exact=True).count() == 3
    lab.press(talk.locator("input[type=checkbox]"), "Space")
    lab.wait_for_text(talk, "Two blocks are final at one height: safety is lost")
    drawn.get_by_text("B is final", exact=True).first.wait_for()
    lab.screenshot("03_pbft_two_liars", talk)
    talk.locator("select").select_option("silent")
    lab.move_slider(talk, +10)
    lab.wait_for_text(talk, "Nothing is final")
    lab.screenshot("03_pbft_stopped", talk)

    for number, name in enumerate(
        (
            "fork_charts.stale(",
            "fork_charts.selfish(",
            "picture(both",
            "charts.comparison(",
            "charts.growth(",
            "charts.misbehaviour(",
        )
    ):
        picture = lab.cell(name)
        picture.locator("svg.marks").first.wait_for()
        lab.screenshot(f"03_{number}_{name.strip('.(').split('.')[-1]}", picture)
    assert lab.complaints == []


def test_a_call_composed_by_keyboard_and_its_bill(lab: Lab) -> None:
    lab.open("04_contracts_and_gas.ipynb")
    lab.run_all()

    call = lab.cell("ContractExplorer()")
    lab.wait_for_text(call, r"ann calls jar\.put for 2\.000 tokens: done\. 1 entry, 1 transfer")
    drawn = call.locator("svg.marks")
    drawn.get_by_text("38,111 gas of at most 60,000", exact=True).first.wait_for()
    lab.screenshot("04_call_as_saved", call)

    lab.move_slider(call, -30, number=1)  # the gas limit, from 60,000 to 30,000
    lab.wait_for_text(call, r"refused \(out of gas\): jar\.put needs 38,111 gas")
    drawn.get_by_text("Out of gas: 38,111 are needed, 30,000 are paid for nothing").first.wait_for()
    lab.screenshot("04_call_out_of_gas", call)
    lab.move_slider(call, +30, number=1)
    lab.move_slider(call, +8)  # the amount, from 2 to 6 tokens
    lab.wait_for_text(call, r"refused \(overdraft\): ann has 2,000 of token, 6,000 are due")
    lab.move_slider(call, -8)

    menus = call.locator("select")
    menus.nth(0).select_option("ben")
    menus.nth(1).select_option("jar.draw")
    lab.wait_for_text(call, r"refused \(jar\): 2\.000 tokens more than you have in the jar")
    lab.screenshot("04_call_refused", call)
    lab.press(call.locator("input[type=checkbox]"), "Space")
    lab.wait_for_text(call, r"ben calls jar\.draw for 2\.000 tokens: done")
    lab.wait_for_text(call, r"5\.000 → 7\.000")
    lab.screenshot("04_call_theft", call)
    lab.click(call, "Show me the code")
    lab.wait_for_text(call, r'call = "ben", "jar", "draw", 2_000')
    lab.click(call, "Reset")
    lab.wait_for_text(call, r"ann calls jar\.put for 2\.000 tokens: done")
    for number, name in enumerate(("charts.bill(", "charts.settling(")):
        picture = lab.cell(name)
        picture.locator("svg.marks").first.wait_for()
        lab.screenshot(f"04_{number}_{name.strip('(').split('.')[1]}", picture)
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
    drawn.get_by_text("price 23", exact=True).first.wait_for()
    assert drawn.locator("[aria-label='offer C: 9.8 kWh at 23, 6.6 trades']").count() == 1
    assert drawn.get_by_text("as it was").count() == 1
    lab.screenshot("06_market_order_moved")

    lab.move_slider(market, -2)
    lab.move_slider(market, -33, number=1)  # C's quantity, from 9.8 to 6.5
    lab.wait_for_text(market, r"C offers 6\.5 instead of 9\.8 kWh: 20\.5 kWh trade at 24")
    drawn.get_by_text("set by B").first.wait_for()

    menus = market.locator("select")
    menus.nth(1).select_option("D: bids 10.9 at 26")
    lab.wait_for_text(market, "All orders are as they were")
    menus.nth(0).select_option("trade reduction")
    lab.wait_for_text(market, r"14 kWh trade; buyers pay 24 and sellers receive 22")
    drawn.get_by_text("operator keeps 28").first.wait_for()
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
    drawn.get_by_text("transformer: 343 kW").first.wait_for()
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
    drawn.get_by_text("H: 8.0 over").first.wait_for()
    drawn.locator("[aria-label='H receives 156.4, penalty 896']").wait_for()
    lab.screenshot("07_charging_quota_beyond")

    lab.click(quota, "Show me the code")
    lab.wait_for_text(quota, r'loads=\{"H": 17_076_923\}')
    lab.click(quota, "Reset")
    lab.wait_for_text(quota, r"B bids 24, buys 6\.5 kWh for 149\.5 tokens")
    for name in (
        "settlement(",
        "margin_scan(tried",
        "month_charts.month(",
        "month_charts.policies(",
    ):
        picture = lab.cell(name)
        picture.locator("svg.marks").first.wait_for()
        lab.screenshot(f"07_{in_a_file(name)}", picture)
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
    drawn.get_by_text("Gained by cheating: +2.94 €").first.wait_for()
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
    drawn.get_by_text("was paid for and not done").first.wait_for()

    lab.click(event, "Show me the code")
    lab.wait_for_text(event, r"play\('H0-A', rule='five in ten, cap 40 %', answer=0")
    lab.click(event, "Reset")
    lab.wait_for_text(event, r"it loses 1\.99 €")
    for number, name in enumerate(
        (
            "charts.event_day(",
            "charts.grid_state(",
            "baseline_errors(errors",
            "gaming(baseline_gaming",
            "at_incentives(table",
        )
    ):
        picture = lab.cell(name)
        picture.locator("svg.marks").first.wait_for()
        lab.screenshot(f"09_{number}_{in_a_file(name)}", picture)
    assert lab.complaints == []


def test_the_dc_fault_moved_by_keyboard_and_what_it_draws(lab: Lab) -> None:
    lab.open("10_dc_fault.ipynb")
    lab.run_all()

    fault = lab.cell("FaultExplorer()")
    lab.wait_for_text(fault, r"trip at 1\.30 ms, isolated at 1\.42 ms, 1\.50 J let through")
    drawn = fault.locator("svg.marks")
    assert drawn.get_by_text("isolated 1.42 ms", exact=True).count() == 2  # and its halo
    lab.screenshot("10_fault_as_saved", fault)

    lab.move_slider(fault, +20)  # the resistance, in twentieths of a power of ten
    lab.wait_for_text(fault, r"A 10 ohm fault at 33 %.* isolated at 0\.48 ms")
    drawn.get_by_text("isolated 0.48 ms", exact=True).first.wait_for()
    lab.move_slider(fault, -20)
    lab.move_slider(fault, +87, number=1)  # the place, from 0.33 to 1.20
    lab.wait_for_text(fault, r"beyond bus 2, not on this line.* no trip, as it should be")
    fault.locator("select").select_option("rule (6) as printed")
    lab.wait_for_text(fault, r"tripped at 5\.84 ms, with no fault on the line")
    drawn.get_by_text("trip 5.84 ms", exact=True).first.wait_for()
    lab.screenshot("10_fault_beyond", fault)
    lab.click(fault, "Show me the code")
    lab.wait_for_text(fault, r'watched\(line, Fault\(1, 1\.2\), "literal"')
    lab.click(fault, "Reset")
    lab.wait_for_text(fault, r"isolated at 1\.42 ms, 1\.50 J let through")

    attack = lab.cell("AttackExplorer()")
    lab.wait_for_text(attack, r"tripped on nothing, at 1\.32 ms\. Nothing notices it")
    drawn = attack.locator("svg.marks")
    drawn.get_by_text("Tripped on nothing, at 1.32 ms", exact=True).first.wait_for()
    lab.screenshot("10_attack_as_saved", attack)
    menus = attack.locator("select")
    lab.press(attack.locator("input[type=checkbox]"), "Space")
    lab.wait_for_text(attack, r"no trip, as it should be\. The first is refused for its epoch")
    menus.nth(1).select_option("a 1 ohm fault at 33 %")
    lab.wait_for_text(attack, r"missed: the fault is fed 7\.82 J.* Beyond the checks")
    menus.nth(2).select_option("the link and the ledger")
    lab.wait_for_text(attack, r"cleared on the ledger's word: isolated at 2\.87 ms")
    drawn.get_by_text("epoch: 372 refused", exact=True).first.wait_for()
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


def test_the_shifted_load_moved_by_keyboard_and_what_it_draws(lab: Lab) -> None:
    lab.open("08_load_shifting.ipynb")
    lab.run_all()

    home = lab.cell("ProsumerExplorer()")
    lab.wait_for_text(home, r"At 0\.25 EUR/kWh it wants 2 kWh")
    drawn = home.locator("svg.marks")
    lab.move_slider(home, +10, number=1)  # the DR price, in cents
    lab.wait_for_text(home, r"costs it 0\.35, and it wants 1\.6 kWh\. It gives up 0\.4")
    drawn.get_by_text("first 2 kWh", exact=True).first.wait_for()
    drawn.get_by_text("1.6 kWh", exact=True).first.wait_for()
    lab.screenshot("08_prosumer", home)
    lab.move_slider(home, -10, number=1)
    lab.move_slider(home, -14, number=4)  # the most that is of use, from 3.0 to 1.6
    lab.wait_for_text(home, r"it wants 1\.6 kWh: more is of no use")

    table = lab.cell("QTableExplorer()")
    lab.wait_for_text(table, r"After 100 episodes it would ask 14, 18 and 20")
    drawn = table.locator("svg.marks")
    assert drawn.locator("[aria-label*='tries'], [aria-label*='never tried']").count() == 48
    lab.screenshot("08_q_table_as_saved", table)
    lab.move_slider(table, +10)  # the episode, along those that were kept
    lab.wait_for_text(table, r"After 1000 episodes it would ask 14, 18 and 34")
    drawn.get_by_text("It has found the best response in every state").first.wait_for()
    table.locator("select").select_option("never")
    lab.wait_for_text(table, r"It has tried \d of 48 cells")
    lab.screenshot("08_q_table_never", table)

    load = lab.cell("LoadShiftingExplorer()")
    lab.wait_for_text(load, r"The peak grows from 43\.7 kW at 23:00 to 110\.7 kW at 2:00")
    drawn = load.locator("svg.marks")
    assert drawn.get_by_text("after 110.7 kW", exact=True).count() == 2  # and its halo
    lab.screenshot("08_load_as_saved", load)
    lab.move_slider(load, +8)  # participation, in steps of 5 %
    lab.wait_for_text(load, r"100 of 100 homes .* to 185\.5 kW at 2:00")
    drawn.get_by_text("after 185.5 kW", exact=True).first.wait_for()
    lab.move_slider(load, +2, number=3)  # alpha
    lab.wait_for_text(load, r"In 24 hours Equation \(3\) cuts the DR price")
    drawn.get_by_text("by Equation (2) alone").first.wait_for()
    lab.screenshot("08_load_alpha", load)
    load.locator("select").select_option("hours have a quota")
    lab.wait_for_text(load, r"The peak falls from 43\.7 kW at 23:00 to 30\.6 kW")
    lab.screenshot("08_load_quota", load)
    lab.click(load, "Show me the code")
    lab.wait_for_text(load, r'run\(homes, 1, alpha=2, cure="quota"\)')
    lab.click(load, "Reset")
    lab.wait_for_text(load, r"to 110\.7 kW at 2:00, 4\.95 times the average")

    for name in (
        "charts.two_stages(first",
        "through_the_year([",
        "charts.two_stages(done",
        "rebound.participation(sweep",
        "many_days([",
        "rebound.cures(table",
        "rebound.as_printed(",
        "charts.two_prices(",
    ):
        picture = lab.cell(name)
        picture.locator("svg.marks").first.wait_for()
        lab.screenshot(f"08_{in_a_file(name)}", picture)
    assert lab.complaints == []


def test_who_keeps_what_moved_by_keyboard_and_what_it_draws(lab: Lab) -> None:
    lab.open("11_who_keeps_what.ipynb")
    lab.run_all()

    scale = lab.cell("ScaleExplorer()")
    lab.wait_for_text(scale, r"21\.7 MB a day\. In 30 clusters an aggregator: 1\.83 MB")
    drawn = scale.locator("svg.marks")
    drawn.get_by_text("least: 25", exact=True).first.wait_for()
    lab.screenshot("11_scale_as_saved", scale)
    lab.move_slider(scale, +9)  # from 1,000 to 1,000,000 homes
    lab.wait_for_text(scale, r"1,000,000 homes.* 21\.7 GB a day.* Least .*: 55\.5 MB, in 792")
    drawn.get_by_text("1,000,000 homes: least in 792 clusters", exact=True).first.wait_for()
    lab.move_slider(scale, +18, number=1)  # from 30 to 1,000 clusters
    lab.wait_for_text(scale, r"In 1,000 clusters an aggregator: 57 MB")
    menus = scale.locator("select")
    menus.nth(1).select_option("messages received")
    lab.wait_for_text(scale, r"96,000,096 messages a day.* 192,096, .*Least .*in 1,000 clusters")
    drawn.locator("[aria-label='1,000 clusters: 192,096, the least']").first.wait_for()
    lab.screenshot("11_scale_a_million", scale)
    lab.click(scale, "Show me the code")
    lab.wait_for_text(scale, r'cluster_rows\(1000000, "messages", 96, also=\[1000\]\)')
    lab.click(scale, "Reset")
    lab.wait_for_text(scale, "1,000 homes, 96 readings a day")

    link = lab.cell("LinkExplorer()")
    lab.wait_for_text(link, r"46 % of 140 pseudonyms are recognised; chance is 5 %")
    drawn = link.locator("svg.marks")
    drawn.get_by_text("Recognised: home 1", exact=True).first.wait_for()
    lab.screenshot("11_link_as_saved", link)
    menus = link.locator("select")
    menus.nth(0).select_option("7 days")
    lab.wait_for_text(link, r"a new address every week: 75 % of 20 pseudonyms")
    menus.nth(1).select_option("encrypted and padded")
    lab.wait_for_text(link, r"5 % of 20 pseudonyms are recognised; chance is 5 %")
    drawn.get_by_text("20 of 20 homes fit equally well", exact=True).first.wait_for()
    lab.screenshot("11_link_padded", link)
    menus.nth(1).select_option("in clear")
    lab.move_slider(link, -2)  # from 20 to the 5 of SimBench
    lab.wait_for_text(link, "5 homes of SimBench, readings of 1 h")
    lab.move_slider(link, +4, number=2)  # noise, from 0 to 0.5 kWh
    lab.wait_for_text(link, r"noise of 0\.5 kWh")
    lab.screenshot("11_link_noise", link)

    for name in (
        "charts.year(",
        "charts.proofs(",
        "charts.ladder(",
        "charts.cost(",
        "charts.clusters(",
        "pictures.line_up(",
        "pictures.by_homes(",
        "pictures.success(",
    ):
        picture = lab.cell(name)
        picture.locator("svg.marks").first.wait_for()
        lab.screenshot(f"11_{name.strip('.()').split('.')[-1]}", picture)
    assert lab.complaints == []
