"""The two small extensions of Sphinx. Without Sphinx these tests are skipped, and say so."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not here: its extensions stay untested")

import course
import mathml
from sphinx.errors import SphinxError

ROOT = Path(__file__).parents[2]


def test_a_fraction_becomes_mathml() -> None:
    found = mathml.mathml(r"\frac{1}{2}", block=True)
    assert 'display="block"' in found
    assert re.sub(r"\s", "", found).endswith("<mfrac><mn>1</mn><mn>2</mn></mfrac></math>")


def test_a_formula_that_nobody_can_read_is_refused() -> None:
    with pytest.raises(SphinxError, match=r"nosuchcommand"):
        mathml.mathml(r"\nosuchcommand{1}", block=False)


def formulas() -> list[str]:
    texts = [path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")]
    for path in sorted((ROOT / "lessons").glob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        texts += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return [found for text in texts for found in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)]


def test_every_displayed_formula_of_the_course_can_be_written() -> None:
    found = formulas()
    assert len(found) > 5
    for formula in found:
        assert mathml.mathml(formula, block=True).startswith("<math")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("sellers ``offer``s and", r"sellers ``offer``\ s and"),
        ("``a`` and ``b``, c", "``a`` and ``b``, c"),
        ("``a``s, ``b``ed", r"``a``\ s, ``b``\ ed"),
    ],
)
def test_endings_are_parted_from_literals(line: str, wanted: str) -> None:
    assert course.parted(line) == wanted


def test_scripts_for_charts_go_where_charts_are() -> None:
    assert course.has_charts('<p>x</p><figure class="chart">')
    assert not course.has_charts("<p>a chart</p>")
