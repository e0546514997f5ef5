"""What the explorers leave in a notebook is compared strictly, and a wrong number is found."""

import json
import os
import subprocess
import sys

import nbformat
import pytest

from energychain.lessons.running import as_text, executed

CELLS = (
    "from energychain import charts\ncharts.setup()",
    "from energychain.widgets.token_day import TokenDayExplorer\nTokenDayExplorer()",
    "from energychain.widgets.wallet import Wallet\nWallet()",
    "from energychain.widgets.block_explorer import BlockExplorer\nBlockExplorer()",
    "from energychain.charts import token_day as pictures\n"
    "from energychain.studies import token_day\n"
    "pictures.balances(token_day.rehearse().records())",
)


@pytest.mark.slow
def test_strict_nbval_passes_in_another_process_and_finds_a_changed_number(tmp_path):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    text = as_text(executed(json.loads(nbformat.writes(notebook)), tmp_path))
    (tmp_path / "kept.ipynb").write_text(text, "utf-8")
    # One unit more in a balance of each chart and wallet, and in the forged reading.
    changed = text.replace("40.286", "40.287").replace("100.000", "100.001")
    changed = changed.replace("4,755,001", "4,755,002")
    (tmp_path / "changed.ipynb").write_text(changed, "utf-8")
    options = ["-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env", "-rA"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "kept.ipynb", "changed.ipynb"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ran.stdout.splitlines()
    failed = [line.split()[1] for line in lines if line.startswith("FAILED")]
    passed = [line.split()[1] for line in lines if line.startswith("PASSED")]
    assert failed == ["changed.ipynb::Cell"] * 4, ran.stdout
    assert len(passed) == len(CELLS) + 1
