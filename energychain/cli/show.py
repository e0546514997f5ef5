"""`energychain show`: an explorer alone and large, for a projector."""

import json
import os
import sys
import webbrowser
from html import escape
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from energychain.cli.terminal import app, one_of, print_table
from energychain.course.explorers import EXPLORERS, Entry
from energychain.primitives.refusals import BadInput

ALL = "all"
"""The page that lists every explorer."""

TEMPLATE = "energychain"
"""How a page looks: see `jupyter/voila/templates` beside this module."""


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help=f"Which explorer, or '{ALL}'; without a name they are listed.")
    ] = "",
    port: Annotated[int, typer.Option(help="The port on this machine; if taken, another.")] = 8866,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    write: Annotated[
        Path | None, typer.Option(help="Only write the pages, as notebooks, into this folder.")
    ] = None,
) -> None:
    """Show an explorer alone and large, for a projector."""
    if name:
        one_of(name, "show", (*EXPLORERS, ALL))
    if write:
        _write(write)
    elif name:
        _serve(name, port, browser)
    else:
        print_table(
            ("name", "lesson", "question"),
            [(name, ", ".join(entry.lessons), entry.question) for name, entry in EXPLORERS.items()],
        )
        print(f"\nenergychain show NAME opens one of them; energychain show {ALL}, a list of all.")


def _serve(name: str, port: int, browser: bool) -> None:
    """Serve all pages on this machine alone until somebody presses Ctrl + C."""
    if find_spec("voila") is None:
        raise BadInput("voila is not installed: pip install 'energychain[lab]' brings it")
    from voila.app import Voila

    found = [str(Path(__file__).parent / "jupyter"), os.environ.get("JUPYTER_PATH", "")]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, found))
    with TemporaryDirectory(prefix="energychain-") as folder:
        _write(Path(folder))
        server = Voila.instance(config_file_paths=[], log_level="WARN")
        server.initialize(
            [folder, "--Voila.ip=127.0.0.1", f"--port={port}", f"--template={TEMPLATE}"]
        )

        def arrive() -> None:
            address = f"{server.connection_url}voila/render/{name}.ipynb"
            print(f"{address}\nCtrl + C ends it.", file=sys.stderr)
            if browser:
                webbrowser.open(address)

        server.launch_browser = arrive  # Voila's own opens the root, and says nothing
        server.start()


# --- pages ----------------------------------------------------------------------------


def _write(folder: Path) -> None:
    """A notebook for each explorer, and one that links to all."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {ALL: _page("All explorers", [_markdown("title", _list())])}
    for name, entry in EXPLORERS.items():
        pages[name] = _page(entry.question, _explorer(entry))
    for name, page in pages.items():
        text = json.dumps(page, indent=1, ensure_ascii=False) + "\n"
        (folder / f"{name}.ipynb").write_text(text, "utf-8")


def _page(title: str, cells: list[dict[str, Any]]) -> dict[str, Any]:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "title": title, "voila": {"template": TEMPLATE}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _explorer(entry: Entry) -> list[dict[str, Any]]:
    return [
        _code("setup", "import energychain as ec\n\nec.setup()"),
        _code("explorer", entry.code),
        _markdown("back", f"Lesson {', '.join(entry.lessons)} · [All explorers]({ALL}.ipynb)"),
    ]


def _list() -> str:
    rows = "\n".join(
        f'<tr><td>{", ".join(entry.lessons)}</td><td><a href="{name}.ipynb">'
        f"{escape(entry.question, quote=False)}</a></td><td><code>{name}</code></td></tr>"
        for name, entry in EXPLORERS.items()
    )
    head = "<tr><th>Lesson</th><th>Question</th><th>Name</th></tr>"
    return f"# All explorers\n\n<table>\n<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _markdown(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _code(name: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": name,
        "metadata": {},
        "outputs": [],
        "source": source,
    }
