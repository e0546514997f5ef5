"""
All explorers by name: which question each asks, where it stands, and the lines that make one.

What is written here is text, so that a list of all of them costs nothing: no explorer is
built, and no widget imported, before somebody wants to touch it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """An explorer that stands in a lesson.

    >>> print(EXPLORERS["market"].code)
    from energychain.widgets.market import MarketExplorer
    <BLANKLINE>
    MarketExplorer()
    """

    question: str
    """What it asks, word for word."""

    lessons: tuple[str, ...]
    """The numbers of the lessons in which it stands, such as `06`."""

    module: str
    """Its module in :mod:`energychain.widgets`."""

    maker: str
    """Its class."""

    @property
    def code(self) -> str:
        """The lines of Python that make it."""
        return f"from energychain.widgets.{self.module} import {self.maker}\n\n{self.maker}()"


EXPLORERS = {
    "avalanche": Entry(
        "How much of a fingerprint changes with one character?",
        ("01",),
        "avalanche",
        "AvalancheExplorer",
    ),
    "signing": Entry(
        "What can be altered on the way, unnoticed?",
        ("01",),
        "signing",
        "SigningExplorer",
    ),
    "merkle-proof": Entry(
        "How is one reading proved without the others?",
        ("02",),
        "merkle_proof",
        "MerkleProofExplorer",
    ),
    "block": Entry(
        "Can one number in an old block be changed, unnoticed?",
        ("02", "05"),
        "block_explorer",
        "BlockExplorer",
    ),
    "mining": Entry(
        "Who finds the next block, and how long does it take?",
        ("02",),
        "mining",
        "MiningExplorer",
    ),
    "forks": Entry(
        "What becomes of a trade when half of the network meets the other half?",
        ("03",),
        "forks",
        "ForkExplorer",
    ),
    "double-spend": Entry(
        "How sure is a payment after so many confirmations?",
        ("03",),
        "forks",
        "DoubleSpendExplorer",
    ),
    "pbft": Entry(
        "Can one liar among four make two blocks final?",
        ("03",),
        "consensus",
        "PbftExplorer",
    ),
    "contract": Entry(
        "What would this call change, and what does it cost?",
        ("04",),
        "contracts",
        "ContractExplorer",
    ),
    "token-day": Entry(
        "How much sun is too much for three homes?",
        ("05",),
        "token_day",
        "TokenDayExplorer",
    ),
    "wallet": Entry(
        "When is a payment final?",
        ("05",),
        "wallet",
        "Wallet",
    ),
    "market": Entry(
        "What does one order do to everybody's price?",
        ("06",),
        "market",
        "MarketExplorer",
    ),
    "charging-quota": Entry(
        "How much can eight charging stations get, and who pays for more?",
        ("07",),
        "charging_quota",
        "ChargingQuotaExplorer",
    ),
    "prosumer": Entry(
        "How much does a home want at this price?",
        ("08",),
        "prosumer",
        "ProsumerExplorer",
    ),
    "q-table": Entry(
        "What does a seller know after so many tries?",
        ("08",),
        "q_table",
        "QTableExplorer",
    ),
    "load-shifting": Entry(
        "What happens to the peak when homes move their load to the cheap hours?",
        ("08",),
        "load_shifting",
        "LoadShiftingExplorer",
    ),
    "event-day": Entry(
        "What is a home paid for that was asked to use less?",
        ("09",),
        "demand_response",
        "EventDayExplorer",
    ),
    "dc-fault": Entry(
        "When does a relay open the line, and what got through by then?",
        ("10",),
        "dc_fault",
        "FaultExplorer",
    ),
    "dc-attacks": Entry(
        "What does the relay do when the message lies?",
        ("10",),
        "dc_attacks",
        "AttackExplorer",
    ),
    "scale": Entry(
        "What does a node bear, and into how many clusters should the homes be divided?",
        ("11",),
        "scale",
        "ScaleExplorer",
    ),
    "link": Entry(
        "Whose day is this?",
        ("11",),
        "privacy",
        "LinkExplorer",
    ),
}
"""The explorers in the order of the lessons, by the name that the command line uses."""
