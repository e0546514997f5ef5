"""
What an exhibit of the attack bench is: one attack, tried on a ledger that has a rule and on
the same ledger without it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from energychain.primitives.refusals import Refusal


@dataclass(frozen=True)
class Outcome:
    """What came of an attack."""

    succeeded: bool
    """Whether the attacker got what it wanted."""

    evidence: str
    """What one sees on the ledger afterwards."""

    refused_by: str = ""
    """The name of the rule that spoke; empty if none did."""


@dataclass(frozen=True)
class Exhibit:
    """An attack, the rule that stops it, and what no rule can stop."""

    name: str
    title: str
    source: str
    """Who described it."""

    attack: Callable[[bool], Outcome]
    """The attack on a ledger with the rule (True) and without it (False)."""

    rule: str
    """What stops it, in a sentence."""

    beyond: str
    """What no rule can stop, in a sentence."""

    def row(self) -> dict[str, str]:
        """The exhibit as a row of a table; the attack is tried on both ledgers."""
        without, defended = self.attack(False), self.attack(True)
        return {
            "attack": self.title,
            "without the rule": without.evidence,
            "with the rule": defended.evidence,
            "refused by": defended.refused_by,
            "what no rule can stop": self.beyond,
        }


def refusal_of(act: Callable[[], object]) -> Refusal | None:
    """The refusal with which something ends, if it does."""
    try:
        act()
    except Refusal as refusal:
        return refusal
    return None


def in_kwh(energy: int) -> str:
    """An energy [mWh] for people.

    >>> in_kwh(3_200_000)
    '3.2 kWh'
    """
    return f"{energy / 10**6:,g} kWh"


def in_money(amount: int) -> str:
    """An amount [micro-money] for people.

    >>> in_money(215_000)
    '0.215'
    """
    return f"{amount / 10**6:,g}"


def refused(refusal: Refusal | None) -> str:
    """The name of the rule that refused; empty if nothing was."""
    return "" if refusal is None else refusal.rule
