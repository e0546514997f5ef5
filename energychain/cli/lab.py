"""`energychain lab`: JupyterLab on the lessons."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from energychain.cli.terminal import app
from energychain.primitives.refusals import BadInput


@app.command()
def lab(
    folder: Annotated[
        Path, typer.Option(help="Where an installed package puts its copy of the lessons.")
    ] = Path("energychain-lessons"),
) -> None:
    """Open JupyterLab on the lessons."""
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        raise BadInput(
            "JupyterLab is not installed: pip install 'energychain[lab]' brings it"
        ) from None
    lessons = _lessons(folder)
    # Lessons name commands: a terminal that is opened beside them finds them, too.
    here = Path(sys.executable).parent
    os.environ["PATH"] = os.pathsep.join([str(here), os.environ.get("PATH", os.defpath)])
    # In a container the only user is often root, whom Jupyter would turn away.
    as_root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    LabApp.launch_instance(argv=[str(lessons / "00_start_here.ipynb"), *as_root])


def _lessons(folder: Path) -> Path:
    """The lessons of a checkout, or a copy of an installed package's that may be edited."""
    package = Path(__file__).parent.parent
    installed = package / "_lessons"
    if not installed.is_dir():
        return package.parent / "lessons"
    folder.mkdir(exist_ok=True)
    for lesson in sorted(installed.glob("*.ipynb")):
        copy = folder / lesson.name
        if not copy.exists():
            copy.write_bytes(lesson.read_bytes())
    return folder
