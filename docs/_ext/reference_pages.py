"""
The pages that nobody writes by hand: every claim, every room of the library, every command.
"""

import pkgutil
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any

from lesson_pages import plain, rows

from energychain.studies.claims import VERDICTS, Claim, Verdict, summary

# --- claims -------------------------------------------------------------------------------

MOST_LINES = 16
"""A longer table of claims is folded."""


def claims_page(claims: Sequence[Claim]) -> str:
    """Every printed number beside ours; what differs first, with its reason."""
    studies = list(dict.fromkeys(claim.study for claim in claims))
    counts = [
        [f"`{study}`", *(_count(claims, study, verdict) for verdict in VERDICTS)]
        for study in studies
    ]
    parts = [
        "# All claims and errata",
        f"What `energychain reproduce` prints, made when this site was built: {summary(claims)}. "
        "[Claims and errata](/docs/claims.md) says what the verdicts mean and how each study "
        "was done.",
        rows(["study", *VERDICTS], counts),
        *_noted(
            "Errata", "erratum", "The source prints one thing and it should be another.", claims
        ),
        *_noted("Fitted", "fitted", "Something was chosen so that it agrees.", claims),
        *_noted("Unexplained", "differs", "Faults to be found, ours or theirs.", claims),
        "## Every claim",
    ]
    for source in dict.fromkeys(claim.source for claim in claims):
        found = [claim for claim in claims if claim.source == source]
        parts += [f"### {plain(source)}", *folded(_table(found), len(found))]
    return "\n\n".join(parts) + "\n"


def folded(table: str, lines: int) -> list[str]:
    """The table; a long one folded, so that nobody has to pass it to see what comes below."""
    if lines <= MOST_LINES:
        return [table]
    return [f"<details><summary>All {lines}</summary>", table, "</details>"]


def _count(claims: Iterable[Claim], study: str, verdict: Verdict) -> str:
    found = sum(claim.study == study and claim.verdict == verdict for claim in claims)
    return str(found or "–")


def _noted(title: str, verdict: Verdict, meaning: str, claims: Iterable[Claim]) -> Iterator[str]:
    found = [claim for claim in claims if claim.verdict == verdict]
    if not found:
        return
    yield f"## {title}"
    yield meaning
    for claim in found:
        unit = f" {plain(claim.unit)}" if claim.unit else ""
        yield (
            f"**{plain(claim.quantity)}** ({plain(claim.source)})\\\n"
            f"printed {plain(claim.printed)}{unit}; ours {plain(claim.computed)}{unit}. "
            f"{plain(claim.note)}"
        )


def _table(claims: Iterable[Claim]) -> str:
    return rows(
        ["quantity", "printed", "ours", "unit", "verdict"],
        [
            [plain(t) for t in (c.quantity, c.printed, c.computed, c.unit, c.verdict)]
            for c in claims
        ],
    )


# --- the library --------------------------------------------------------------------------


ROOMS = (
    *("primitives", "datasets", "ledger", "markets", "grid", "consensus", "contracts", "agents"),
    *("network", "studies", "charts", "course", "widgets"),
)
"""From the ground floor up."""


def modules(room: str) -> list[str]:
    """The public modules of a room, by name."""
    found = import_module(f"energychain.{room}")
    names = [each.name for each in pkgutil.iter_modules(getattr(found, "__path__", ()))]
    return [name for name in names if not name.startswith("_")]


def room_page(room: str) -> str:
    """One room: what it is for, its modules, and all that is public in them."""
    whole = f"energychain.{room}"
    parts = [f"# `{whole}`", _automodule(whole, members=not modules(room))]
    parts += [
        rows(
            ["module", "about"],
            [
                [f"{{py:mod}}`{name} <{whole}.{name}>`", plain(about(f"{whole}.{name}"))]
                for name in modules(room)
            ],
        )
    ] * bool(modules(room))
    for name in modules(room):
        parts += [f"## `{name}`", _automodule(f"{whole}.{name}", members=True)]
    return "\n\n".join(parts) + "\n"


def about(module: str) -> str:
    """The first sentence of a module's docstring."""
    paragraph = (import_module(module).__doc__ or "").strip().split("\n\n")[0]
    first, dot, _ = " ".join(paragraph.split()).partition(". ")
    return re.sub(r":\w+:(?=`)|`|(?<!\w)\*|\*(?!\w)", "", first) + dot.strip()


def _automodule(name: str, *, members: bool) -> str:
    options = "\n   :members:\n   :undoc-members:" if members else ""
    return f"```{{eval-rst}}\n.. automodule:: {name}{options}\n```"


# --- the command line ---------------------------------------------------------------------


def commands_page(command: Any) -> str:
    """What each command says of itself."""
    parts = [
        "# Commands",
        "What `energychain COMMAND --help` prints. "
        "JSON goes to standard output alone; bad input ends with exit code 2 and one sentence.",
        "After `make lab` the command lies in `.venv/bin`; in a terminal, "
        "`source .venv/bin/activate` lets you call it by its name.",
    ]
    for name, text in helps("energychain", command):
        parts += [f"## `{name}`", f"```text\n{text}\n```"]
    return "\n\n".join(parts) + "\n"


def helps(name: str, command: Any, parent: Any = None) -> Iterator[tuple[str, str]]:
    """Each command's full name and its help."""
    own_name = name.rpartition(" ")[2]
    here = command.context_class(command, info_name=own_name, parent=parent, terminal_width=80)
    with here:
        yield name, command.get_help(here)
        for own, each in getattr(command, "commands", {}).items():
            yield from helps(f"{name} {own}", each, here)
