"""Each lesson in a real browser: run whole, its explorers moved, the drawn marks asserted."""

import pytest

from tests.browser.lab import ROOT, Lab

LESSONS = sorted(path.name for path in (ROOT / "lessons").glob("*.ipynb"))

SOLD = "svg.marks path[fill='#E69F00']"
"""The drawn hours in which something was sold, and one mark of the key."""


@pytest.mark.parametrize("lesson", [name for name in LESSONS if not name.startswith("05")])
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
