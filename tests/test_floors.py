"""The floor plan of the package, as data, held against the imports and calls of every file.

A room imports its own modules and lower floors: never sideways, never up. This table is the
architecture's single source.
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "energychain"

FLOOR = {
    "primitives": 0,
    "ledger": 1,
    "markets": 1,
    "grid": 1,
    "datasets": 1,
    "consensus": 2,
    "contracts": 2,
    "agents": 2,
    "network": 3,
    "studies": 4,
    "charts": 5,
    "course": 5,  # it needs no widgets, so that the command line can judge, too
    "widgets": 6,
    "cli": 6,
    "lessons": 6,  # the maintainers' tool; it imports nothing else of ours
}
"""A room is a folder or, while it is small, a single module."""

NEVER = {
    ("markets", "ledger"): "an auction is arithmetic",
    ("markets", "contracts"): "an auction is arithmetic",
    ("grid", "markets"): "physics knows no prices",
    ("ledger", "contracts"): "the ledger is handed its contracts",
    ("ledger", "consensus"): "the ledger is handed the rule that accepts a seal",
    ("charts", "studies"): "a chart takes rows, not a paper",
}
"""What stays forbidden wherever the rooms may move."""

ONLY_IN = {
    "altair": {"charts"},
    "vl_convert": {"charts", "lessons"},
    "ipywidgets": {"widgets"},
    "anywidget": {"widgets"},
    "IPython": {"widgets"},
    "nbclient": {"lessons"},
    "nbformat": {"lessons"},
    # Nothing of ours talks to a network.
    "http": set(),
    "requests": set(),
    "socket": set(),
    "urllib": set(),
}

TOUCH_FILES = {
    *("cli", "datasets", "ledger.saved", "lessons"),
    *("course.journal", "course.hand_in"),  # the learner's own
}
"""The rooms and modules that may read and write files."""

FILE_MODULES = {"shutil", "sqlite3", "tempfile"}
FILE_METHODS = {
    *("open", "read_text", "write_text", "read_bytes", "write_bytes"),
    *("iterdir", "glob", "rglob", "mkdir", "rmdir", "touch", "unlink"),
    *("read_csv", "read_excel", "read_parquet", "to_csv", "to_parquet", "savetxt", "loadtxt"),
}

CLOCK = {
    *(f"time.{name}{ns}" for name in ("time", "monotonic", "perf_counter") for ns in ("", "_ns")),
    *("time.localtime", "time.gmtime", "time.ctime", "time.process_time"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
    *("datetime.date.today", "pandas.Timestamp.now", "pandas.Timestamp.today"),
}
CHANCE_OF_ONES_OWN = {
    *("random.Random", "numpy.random.Generator", "numpy.random.default_rng"),
    *("numpy.random.SeedSequence", "numpy.random.PCG64", "numpy.random.BitGenerator"),
}
HIDDEN_CHANCE = {"os.urandom", "uuid.uuid1", "uuid.uuid4"}


def room_of(module: str) -> str:
    """`ledger.chain` is in the room `ledger`."""
    return module.split(".")[0]


def imported(tree: ast.AST, module: str) -> Iterator[str]:
    """The dotted names that a file imports, at any depth; relative ones resolved."""
    package = ["energychain", *module.split(".")][:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def meanings(tree: ast.AST) -> dict[str, str]:
    """What each imported name stands for: `np` is `numpy`, `now` is `datetime.datetime.now`."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                known[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return known


def dotted(node: ast.AST, known: dict[str, str]) -> str:
    """The full name of `np.random.seed`; empty if it does not begin with an imported name."""
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.Attribute):
        origin = dotted(node.value, known)
        return f"{origin}.{node.attr}" if origin else ""
    return ""


def floors(module: str, tree: ast.AST) -> Iterator[str]:
    """Own room and lower floors only."""
    room = room_of(module)
    for name in imported(tree, module):
        head, *rest = name.split(".")
        other = rest[0] if rest else ""
        if head != "energychain" or other not in FLOOR or other == room:
            continue
        if (room, other) in NEVER:
            yield f"{room} imports {other}: {NEVER[room, other]}"
        elif "lessons" in (room, other):
            yield f"{room} imports {other}: the lesson tool stands alone"
        elif FLOOR[other] >= FLOOR[room]:
            yield f"{room} (floor {FLOOR[room]}) imports {other} (floor {FLOOR[other]})"


def libraries(module: str, tree: ast.AST) -> Iterator[str]:
    """Charts are drawn in one room, widgets made in one."""
    for name in imported(tree, module):
        library = name.split(".")[0]
        if library in ONLY_IN and room_of(module) not in ONLY_IN[library]:
            yield f"{library} belongs in {sorted(ONLY_IN[library]) or 'no room'}"


def clock_and_chance(module: str, tree: ast.AST) -> Iterator[str]:
    """Time and chance are arguments."""
    known = meanings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute):
            names = {dotted(node, known)}
        else:
            names = set()
        for name in sorted(names):
            is_global = name.startswith(("random.", "numpy.random.")) and not any(
                name == own or name.startswith(f"{own}.") for own in CHANCE_OF_ONES_OWN
            )
            if name in CLOCK:
                yield f"{name} reads the clock"
            elif name in HIDDEN_CHANCE or (is_global and name != "numpy.random"):
                yield f"{name} is chance that no seed controls"
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            name = dotted(node.func, known)
            if name in ("random.Random", "numpy.random.default_rng"):
                yield f"{name}() has no seed"


def files(module: str, tree: ast.AST) -> Iterator[str]:
    """Few modules touch files."""
    if {module, room_of(module)} & TOUCH_FILES:
        return
    for name in imported(tree, module):
        if name.split(".")[0] in FILE_MODULES:
            yield f"imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id == "open":
                yield f"line {node.lineno} opens a file"
            # A market may open too: `Path.open` takes a mode, which is a text, or nothing.
            mode = node.args[0] if node.args else ast.Constant("")
            is_file = not (isinstance(called, ast.Attribute) and called.attr == "open") or (
                isinstance(mode, ast.Constant) and isinstance(mode.value, str)
            )
            if isinstance(called, ast.Attribute) and called.attr in FILE_METHODS and is_file:
                yield f"line {node.lineno} touches files: .{called.attr}()"


def effects(module: str, tree: ast.AST) -> Iterator[str]:
    """Importing a module only defines names."""
    assert isinstance(tree, ast.Module)
    defining = (
        *(ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign),
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    )
    own = {
        name.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for name in node.targets
        if isinstance(name, ast.Name)
    }
    for node in tree.body:
        # Adding to an object of the module's own is still defining it: `app.add_typer(...)`.
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            root = node.value.func
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in own:
                continue
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        condition = ast.unparse(node.test) if isinstance(node, ast.If) else ""
        guarded = condition in ("TYPE_CHECKING", "__name__ == '__main__'")
        if not (isinstance(node, defining) or text or guarded):
            yield f"line {node.lineno} does something on import: {ast.unparse(node)[:60]}"


RULES: list[Callable[[str, ast.AST], Iterator[str]]] = [
    floors,
    libraries,
    clock_and_chance,
    files,
    effects,
]
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    """`energychain/ledger/chain.py` is `ledger.chain`; the package's own file is ``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts)


def broken(rule: Callable[[str, ast.AST], Iterator[str]], module: str, source: str) -> list[str]:
    return list(rule(module, ast.parse(source)))


def test_there_are_files_to_judge() -> None:
    assert PACKAGE / "primitives" / "hashing.py" in FILES


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_file_keeps_to_the_plan(path: Path) -> None:
    module = module_of(path)
    if module == "__init__":
        # The front door may hand out any room, as long as it opens it late.
        assert broken(effects, module, path.read_text("utf-8")) == []
        return
    assert room_of(module) in FLOOR, f"{room_of(module)} has no floor: give it one in FLOOR"
    source = path.read_text("utf-8")
    assert [fault for rule in RULES for fault in broken(rule, module, source)] == []


def test_importing_the_package_stays_light() -> None:
    heavy = ["pandas", "scipy", "altair", "ipywidgets", "IPython", "vl_convert"]
    script = f"import sys, energychain; print([m for m in {heavy} if m in sys.modules])"
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


BAD = [
    (floors, "ledger.chain", "from energychain.consensus import work"),
    (floors, "ledger.chain", "from ..contracts.token import mint"),
    (floors, "ledger.chain", "from energychain import markets"),
    (floors, "markets.orders", "import energychain.ledger.chain"),
    (floors, "markets.orders", "def f():\n    from energychain.contracts import token"),
    (floors, "grid.metering", "from energychain.markets import orders"),
    (floors, "charts.day", "from energychain.studies import token_day"),
    (floors, "primitives.keys", "from energychain.ledger import state"),
    (floors, "cli", "from energychain.widgets import wallet"),
    (floors, "cli", "from energychain.lessons import lint"),
    (libraries, "studies.token_day", "import altair as alt"),
    (libraries, "lessons.lint", "from altair import Chart"),
    (libraries, "charts.day", "from IPython.display import display"),
    (libraries, "cli", "import ipywidgets"),
    (libraries, "datasets", "from urllib.request import urlopen"),
    (clock_and_chance, "cli", "import time\nnow = time.time()"),
    (clock_and_chance, "ledger.block", "from time import time_ns"),
    (clock_and_chance, "ledger.block", "from datetime import datetime\nx = datetime.now()"),
    (clock_and_chance, "ledger.block", "import datetime as d\nx = d.date.today()"),
    (clock_and_chance, "agents.q_learning", "import random\nx = random.choice([1])"),
    (clock_and_chance, "agents.q_learning", "from random import shuffle"),
    (clock_and_chance, "agents.q_learning", "import random\nx = random.Random()"),
    (clock_and_chance, "agents.q_learning", "import numpy as np\nnp.random.seed(1)"),
    (clock_and_chance, "agents.q_learning", "import numpy as np\nx = np.random.default_rng()"),
    (clock_and_chance, "agents.q_learning", "from numpy.random import rand"),
    (clock_and_chance, "primitives.keys", "import os\nkey = os.urandom(32)"),
    (files, "studies.token_day", "open('x')"),
    (files, "studies.token_day", "from pathlib import Path\nx = Path('x').read_text()"),
    (files, "charts.day", "import pandas\nrows = pandas.read_csv('x.csv')"),
    (files, "studies.token_day", "def f(path): path.open('w', newline='')"),
    (files, "studies.token_day", "def f(path): path.open()"),
    (files, "ledger.block", "import tempfile"),
    (effects, "charts.theme", "import altair\naltair.themes.enable('ours')"),
    (effects, "charts.theme", "for x in (1, 2):\n    print(x)"),
]


@pytest.mark.parametrize(("rule", "module", "source"), BAD)
def test_each_rule_can_fail(
    rule: Callable[[str, ast.AST], Iterator[str]], module: str, source: str
) -> None:
    assert broken(rule, module, source) != []


GOOD = [
    (
        "contracts.token",
        "from energychain.ledger import state\nfrom energychain.markets import orders",
    ),
    ("ledger.chain", "from energychain.ledger.block import Block\nfrom . import state"),
    ("ledger.saved", "from pathlib import Path\ndef load(path: Path): return path.open('rb')"),
    ("agents.q_learning", "import numpy as np\ndef learn(rng: np.random.Generator): return rng"),
    ("agents.q_learning", "from random import Random\nrng = Random(7)"),
    ("studies.token_day", "from datetime import datetime\nx = datetime(2026, 1, 1)"),
    ("studies.token_day", "def f(stage, time): stage.open(time)"),
    ("cli", "def main(): ...\nif __name__ == '__main__':\n    main()"),
]


@pytest.mark.parametrize(("module", "source"), GOOD)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert [fault for rule in RULES for fault in broken(rule, module, source)] == []
