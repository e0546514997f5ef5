"""A learner answers by keyboard, sees how far that is, and hands it in; all on this machine."""

from pathlib import Path

from energychain.consensus.work import check_work
from energychain.course.journal import FILE
from energychain.course.record import CONTRACTS, examine
from energychain.ledger import saved
from tests.browser.lab import Lab


def type_and_run(lab: Lab, cell: str, code: str) -> None:
    """Replace the code of a cell as a person would, and run it."""
    lab.cell(cell).locator(".cm-content").click()
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.type(code)
    lab.page.keyboard.press("Shift+Enter")


def test_a_learner_answers_sees_how_far_that_is_and_hands_it_in(lab: Lab, lessons: Path) -> None:
    lab.open("00_start_here.ipynb")
    lab.run_all()
    lab.wait_for_text(lab.cell("ec.progress()"), "Nothing is answered yet")

    type_and_run(lab, 'ec.check("00.cells"', 'ec.check("00.cells", 24)')
    lab.wait_for_text(lab.cell('ec.check("00.cells"'), "wrong: that is one household")
    type_and_run(lab, 'ec.check("00.cells"', 'ec.check("00.cells", 24 * 3)')
    lab.wait_for_text(lab.cell('ec.check("00.cells"'), r"\bright\b")
    type_and_run(lab, "ec.progress()", "ec.progress()")
    lab.wait_for_text(lab.cell("ec.progress()"), r"1 of \d+ exercises are right, after 2 attempts")
    lab.screenshot("00_progress", lab.cell("ec.progress()"))

    type_and_run(lab, "ec.progress()", 'ec.export("Ann Lee")')
    lab.wait_for_text(lab.cell("ec.export("), r"record-ann-lee\.json: 1 of \d+ exercises")
    found = examine(saved.load(lessons / "record-ann-lee.json", CONTRACTS, check_work))
    assert (found.name, found.reason, found.right()) == ("Ann Lee", "", 1)
    for name in (FILE, "my_secret_key.json", "record-ann-lee.json"):
        (lessons / name).unlink()
    assert lab.complaints == []
