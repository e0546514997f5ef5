"""
The attack bench: ten attacks, each tried on a ledger without the rule that stops it and on
the same ledger with it; and what no rule can stop.

>>> exhibit = BENCH["replayed_reading"]
>>> exhibit.attack(False)
Outcome(succeeded=True, evidence='measured 3.2 kWh, counted 6.4 kWh', refused_by='')
>>> exhibit.attack(True).refused_by
'nonce'

A rule is a promise about what is written, never about what is true. The last column of the
table is the longer lesson.
"""

from collections.abc import Mapping

from energychain.studies.attack_bench_consensus import equivocation, selfish_mining, time_warp
from energychain.studies.attack_bench_exhibit import Exhibit, Outcome
from energychain.studies.attack_bench_ledger import (
    duplicated_leaf,
    inner_node_as_leaf,
    malleated_signature,
    reading_from_elsewhere,
    replayed_reading,
)
from energychain.studies.attack_bench_market import front_running, lying_meter

__all__ = ["BENCH", "EXHIBITS", "Exhibit", "Outcome", "rows"]

EXHIBITS = (
    Exhibit(
        name="replayed_reading",
        title="a signed reading sent twice",
        source="Wood (2014), Ethereum: a secure decentralised generalised transaction ledger",
        attack=replayed_reading,
        rule="A transaction carries the number of those that its sender had before (its nonce).",
        beyond="A home that signs the same reading anew, with the next nonce, has two readings.",
    ),
    Exhibit(
        name="reading_from_elsewhere",
        title="a signed reading sent to another chain",
        source="EIP-155 (Buterin, 2016)",
        attack=reading_from_elsewhere,
        rule="What is signed names its chain.",
        beyond="Two chains of one name: the members must agree on the first block as well.",
    ),
    Exhibit(
        name="malleated_signature",
        title="a signature's mirror image",
        source="BIP 62 and BIP 146; Decker & Wattenhofer (2014), Bitcoin transaction malleability"
        " and MtGox",
        attack=malleated_signature,
        rule="Of s and n - s only the smaller is a signature.",
        beyond="The owner of the key can sign once more with another random number: a name must"
        " not cover the signature at all, and ours does not.",
    ),
    Exhibit(
        name="duplicated_leaf",
        title="the last transaction twice under one root",
        source="CVE-2012-2459 (Bitcoin)",
        attack=duplicated_leaf,
        rule="An odd node is carried up the tree, not doubled, so no two lists share a root.",
        beyond="Whoever stands between two nodes need not forge a block to keep it from them.",
    ),
    Exhibit(
        name="inner_node_as_leaf",
        title="an inner node posing as a transaction",
        source="CVE-2017-12842 (Bitcoin); RFC 6962, section 2.1",
        attack=inner_node_as_leaf,
        rule="Leaves and inner nodes are hashed with different first bytes.",
        beyond="A proof says that a transaction is in a block, not that it took effect or is true.",
    ),
    Exhibit(
        name="equivocation",
        title="two blocks for one height",
        source="Buterin & Griffith (2017), Casper the friendly finality gadget",
        attack=equivocation,
        rule="Two signatures of one validator for one height take its stake.",
        beyond="Somebody must see both blocks before the stake is withdrawn, and it must be worth"
        " more than what can be stolen.",
    ),
    Exhibit(
        name="time_warp",
        title="false times that make mining easy",
        source="BIP 54 (Poinsot & Corallo, 2025); BIP 94 (Jahr, 2024)",
        attack=time_warp,
        rule="A block is later than the one below, also across two intervals.",
        beyond="A time is what a miner says. No ledger has a clock; a majority may stamp the"
        " future, as far as the others put up with it.",
    ),
    Exhibit(
        name="selfish_mining",
        title="blocks held back",
        source="Eyal & Sirer (2014), Majority is not enough: Bitcoin mining is vulnerable",
        attack=selfish_mining,
        rule="Between two chains of one length, nodes toss a coin.",
        beyond="With more than a quarter of the power it pays again, with more than a third"
        " whatever is done about ties. Nobody can see whether a block was held back.",
    ),
    Exhibit(
        name="lying_meter",
        title="a meter that lies",
        source="ours; conservation as in Kirchhoff's first law",
        attack=lying_meter,
        rule="The meters of a street add up to what its feeder measures, or nothing is settled.",
        beyond="The sum is wrong, but not whose part of it; and two lies that cancel are never"
        " found. The ledger keeps a lie as faithfully as the truth.",
    ),
    Exhibit(
        name="front_running",
        title="an order seen before it is carried out",
        source="Daian et al. (2020), Flash boys 2.0; Blum (1981), Coin flipping by telephone",
        attack=front_running,
        rule="Orders are committed to before any is revealed.",
        beyond="That somebody commits, and when, is seen; whoever makes the blocks can leave a"
        " commitment out until it is too late.",
    ),
)
"""The exhibits, from a single transaction to the market."""

BENCH: Mapping[str, Exhibit] = {exhibit.name: exhibit for exhibit in EXHIBITS}
"""The exhibits by name."""


def rows() -> list[dict[str, str]]:
    """The whole bench as a table; every attack is tried on both ledgers."""
    return [exhibit.row() for exhibit in EXHIBITS]
