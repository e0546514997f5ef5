"""Digests and signatures come from pycryptodome, and from nowhere else.

Two guards: none of our files names the standard library's hashes, and the core works while every
one of them is broken. (That `hashlib` is not loaded proves nothing: other libraries load it.)
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {"hashlib", "_hashlib", "hmac", "_md5", "_sha1", "_sha2", "_sha3", "_blake2"}
FORBIDDEN_PARTS = {"zlib.crc32", "zlib.adler32", "binascii.crc32"}
IMPORTERS = {"__import__", "import_module", "find_spec", "importorskip"}

SOURCES = sorted(
    path
    for folder in ("energychain", "tests", "datasets", "benchmarks", "lessons", "docs")
    for kind in ("*.py", "*.ipynb")
    for path in (ROOT / folder).rglob(kind)
    if ".ipynb_checkpoints" not in path.parts
)


def code_of(path: Path) -> str:
    """The Python in a file: all of it, or the code cells of a notebook."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def hash_imports(source: str) -> Iterator[str]:
    """Every way in which a file reaches for a hash of the standard library."""
    tree = ast.parse(source)
    zlib = {"zlib", "binascii"}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            zlib |= {a.asname for a in node.names if a.name in zlib and a.asname}
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if name in IMPORTERS:
                names = [a.value for a in node.args if isinstance(a, ast.Constant)]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in zlib:
            names = [f"zlib.{node.attr}"]
        for name in names:
            if str(name).split(".")[0] in FORBIDDEN or name in FORBIDDEN_PARTS:
                yield f"line {node.lineno}: {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_of_ours_uses_the_hashes_of_the_standard_library(path: Path) -> None:
    assert list(hash_imports(code_of(path))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import hashlib",
        "import os, hmac as mac",
        "from hashlib import sha256",
        "from hmac import compare_digest",
        "import _hashlib",
        "def f():\n    import hashlib as h",
        "__import__('hashlib')",
        "import importlib\nimportlib.import_module('hashlib')",
        "from importlib import import_module\nimport_module('hmac')",
        "import zlib\nzlib.crc32(b'')",
        "import zlib as z\nz.adler32(b'')",
        "from zlib import crc32",
        "import binascii\nbinascii.crc32(b'')",
    ],
)
def test_the_guard_catches_every_way_in(source: str) -> None:
    assert list(hash_imports(source)) != []


@pytest.mark.parametrize("source", ["import zlib\nzlib.compress(b'')", "x = 'hashlib'"])
def test_the_guard_lets_other_things_pass(source: str) -> None:
    assert list(hash_imports(source)) == []


BREAK_EVERY_HASH = """
import hashlib, hmac, zlib, binascii

def broken(*args, **kwargs):
    raise AssertionError("the standard library's hashes were used")

for name in {"new", "file_digest", "pbkdf2_hmac", "scrypt", *hashlib.algorithms_available}:
    if hasattr(hashlib, name):
        setattr(hashlib, name, broken)
hmac.new = hmac.digest = hmac.HMAC = broken
zlib.crc32 = zlib.adler32 = binascii.crc32 = broken
for name in ("_hashlib", "_md5", "_sha1", "_sha2", "_sha256", "_sha512", "_sha3", "_blake2"):
    try:
        module = __import__(name)
    except ImportError:
        continue
    for attribute in dir(module):
        if not attribute.startswith("_") and callable(getattr(module, attribute)):
            if not isinstance(getattr(module, attribute), type):
                setattr(module, attribute, broken)
"""

WHOLE_DAY = """
import energychain.consensus, energychain.contracts, energychain.ledger, energychain.primitives
from energychain.studies import token_day
token_day.run()
print("the day ran")
"""


def python(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


def test_the_day_runs_while_every_hash_of_the_standard_library_is_broken() -> None:
    run = python(BREAK_EVERY_HASH + WHOLE_DAY)
    assert run.stdout.strip() == "the day ran", run.stderr[-2000:]


@pytest.mark.parametrize(
    "use",
    [
        "hashlib.sha256(b'')",
        "hashlib.new('sha256')",
        "hashlib.md5()",
        "hmac.new(b'', b'', 'sha256')",
        "__import__('_hashlib').openssl_sha256(b'')",
        "__import__('_md5').md5(b'')",
        "zlib.crc32(b'')",
    ],
)
def test_the_broken_hashes_are_broken(use: str) -> None:
    assert "were used" in python(f"{BREAK_EVERY_HASH}\n{use}").stderr
