"""The mutation runner on a project of one constant and one lesson, and the score in the README."""

import json
import re
from pathlib import Path

import pytest

from tests.mutation.runner import (
    BadMutation,
    Mutation,
    mutated,
    read_table,
    survivors,
    without_mutation,
)

PRICE = Mutation("01_price", "energychain/price.py", "PRICE = 150", "PRICE = 151", "it is shown")
UNUSED = Mutation("01_price", "energychain/price.py", "UNUSED = 1", "UNUSED = 2", "nobody asks")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("energychain", "datasets", "lessons"):
        (tmp_path / folder).mkdir()
    (tmp_path / "energychain" / "__init__.py").write_text("")
    (tmp_path / "energychain" / "price.py").write_text("PRICE = 150\nUNUSED = 1\n")
    shown = {"data": {"text/plain": ["150"]}, "metadata": {}, "output_type": "execute_result"}
    cell = {
        "cell_type": "code",
        "execution_count": 1,
        "id": "run-1",
        "metadata": {},
        "outputs": [{**shown, "execution_count": 1}],
        "source": ["from energychain.price import PRICE\n", "PRICE"],
    }
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "lessons" / "01_price.ipynb").write_text(json.dumps(notebook))
    return tmp_path


def test_a_constant_that_is_shown_is_noticed_and_one_that_is_not_survives(project: Path) -> None:
    assert survivors(project, [PRICE, UNUSED]) == [UNUSED]


def test_a_lesson_that_fails_by_itself_proves_nothing(project: Path) -> None:
    (project / "energychain" / "price.py").write_text("PRICE = 149\nPRICE_NOTE = 'PRICE = 150'\n")
    with pytest.raises(BadMutation, match="without any mutation"):
        survivors(project, [PRICE])


@pytest.mark.parametrize("source", ["PRICE = 15", "PRICE = 150\nPRICE = 150"])
def test_the_text_must_occur_exactly_once(source: str) -> None:
    with pytest.raises(BadMutation, match="exactly once"):
        mutated(source, PRICE)


def test_a_missing_lesson_is_named(project: Path) -> None:
    with pytest.raises(BadMutation, match="there is no lesson 09_gone"):
        survivors(project, [Mutation("09_gone", PRICE.file, PRICE.find, PRICE.replace, "")])


def test_forgotten_lessons_are_named(project: Path) -> None:
    assert without_mutation(project, []) == ["01_price"]
    assert without_mutation(project, [PRICE]) == []


def test_the_table_is_read_as_it_is_described(tmp_path: Path) -> None:
    table = tmp_path / "mutations.toml"
    lines = [f'{key} = "{value}"' for key, value in vars(PRICE).items()]
    table.write_text("\n".join(["[[mutation]]", *lines]))
    assert read_table(table) == [PRICE]


def test_the_readme_counts_the_constants_of_the_table_each_once() -> None:
    """The run itself is `make mutation`, which fails if a single one is not noticed."""
    root = Path(__file__).parents[2]
    changes = read_table(root / "tests" / "mutation" / "mutations.toml")
    assert len({(m.lesson, m.file, m.find, m.replace) for m in changes}) == len(changes)
    readme = (root / "README.md").read_text("utf-8")
    (score,) = re.findall(r"Mutation score: 100 %\. All (\d+) of (\d+) constants", readme)
    assert score == (f"{len(changes)}", f"{len(changes)}")
