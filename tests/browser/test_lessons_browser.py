"""Each lesson in a real browser: run whole, its explorers moved, the drawn marks asserted."""

import pytest

from tests.browser.lab import ROOT, Lab

LESSONS = sorted(path.name for path in (ROOT / "lessons").glob("*.ipynb"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_from_its_first_cell_to_its_last(lab: Lab, lesson: str) -> None:
    lab.open(lesson)
    lab.run_all()
    assert lab.complaints == []
