"""A how-to page that begins with a file and a command prints what the command prints."""

import re
import shlex
from pathlib import Path

import pytest

from energychain.cli import main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["your_own_meters", "your_own_book"])
def test_the_first_command_of_a_page_prints_what_the_page_shows(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[:3]
    (_, table), (_, line), (_, shown) = blocks
    assert [kind for kind, _ in blocks] == ["text", "console", "text"]
    (file,) = re.findall(r"Save these lines as `([\w.]+)`", page)
    (tmp_path / file).write_text(table, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", shlex.split(line))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    assert capsys.readouterr().out.startswith(shown)
