"""
A Merkle proof, hands on: one step at a time from a home's reading to the root that the header
says.
"""

from functools import lru_cache
from typing import Any

import ipywidgets as widgets

from energychain.charts import merkle as charts
from energychain.ledger.block import transaction_tree
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.hashing import short
from energychain.primitives.merkle import BadProof, InclusionProof, leaf_hash, node_hash
from energychain.primitives.units import kwh
from energychain.studies.street import forged, street
from energychain.widgets.controls import snug
from energychain.widgets.explorer import Explorer, View, button

MOST_LEAVES = 16

ROOM = 205
"""Of a slider [pixel]."""


@lru_cache(maxsize=1)
def _readings() -> tuple[SignedTransaction, ...]:
    return street(MOST_LEAVES, 1).chain.head.transactions


def in_hand(proof: InclusionProof, leaf: bytes) -> list[bytes]:
    """The digests that a checker computes, from the leaf's own up to the root it leads to.

    >>> from energychain.primitives.merkle import MerkleTree
    >>> tree = MerkleTree.over([b"a", b"b", b"c"])
    >>> in_hand(tree.inclusion(2), b"c") == [leaf_hash(b"c"), tree.root]
    True
    """
    found: list[bytes] = [leaf_hash(leaf)]
    for (_, _, left), sister in zip(charts.path(proof.size, proof.index), proof.path, strict=True):
        found.append(node_hash(sister, found[-1]) if left else node_hash(found[-1], sister))
    return found


class MerkleProofExplorer(Explorer):
    """The proof of one home's reading, a step at a time, honest or forged.

    >>> explorer = MerkleProofExplorer()
    >>> explorer.next_step()
    >>> explorer.status.split(". ")[0]
    'Step 1 of 3: in hand is the digest of home 6; its sister, of home 5, is given and stands on \
the left'
    """

    children: tuple[widgets.Widget, ...]

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "How is one reading proved without the others?",
            {
                "homes": snug(
                    widgets.IntSlider, "Readings", ROOM, value=8, min=2, max=MOST_LEAVES, step=1
                ),
                "home": snug(widgets.IntSlider, "Home", ROOM, value=6, min=1, max=8, step=1),
                "step": snug(widgets.IntSlider, "Step", ROOM, value=0, min=0, max=3, step=1),
                "forge": widgets.Checkbox(
                    description="Forge it: 1 mWh more",
                    value=False,
                    indent=False,
                    layout=widgets.Layout(width="185px", margin="2px 0 2px 16px"),
                ),
            },
            self._look,
            prediction=prediction,
        )
        following = button("Next step", self.next_step, "One step up the tree")
        row = self.children[1]
        row.children = (*row.children, following)
        self.keep_room(3)

    def next_step(self) -> None:
        """One step up; from the root, back to the leaf."""
        slider = self.controls["step"]
        slider.value = 0 if slider.value == slider.max else slider.value + 1

    def reset(self) -> None:
        """All controls as they were in the beginning."""
        self._reach(self._start["homes"], self._start["home"])
        super().reset()

    def _touched(self, change: Any) -> None:
        # Another leaf has another way; the sliders go as far as there is something.
        self._reach(self.controls["homes"].value, self.controls["home"].value)
        super()._touched(change)

    def _reach(self, homes: int, home: int) -> None:
        sliders = self.controls["home"], self.controls["step"]
        for slider in sliders:
            slider.unobserve(self._touched, "value")
        for slider, most in zip(
            sliders, (homes, len(charts.path(homes, min(home, homes) - 1))), strict=True
        ):
            slider.max = most
        for slider in sliders:
            slider.observe(self._touched, "value")

    def _look(self, homes: int, home: int, step: int, forge: bool) -> View:
        readings = _readings()[:homes]
        tree = transaction_tree(readings)
        shown = forged(readings[home - 1]) if forge else readings[home - 1]
        proof = tree.inclusion(home - 1)
        computed = in_hand(proof, shown.encoded)
        way = charts.path(homes, home - 1)
        consumed = shown.transaction.arguments[2]
        assert isinstance(consumed, int)
        words = (
            self._first(home, kwh(consumed), computed[0], forge)
            if step == 0
            else _step(way, step, computed[step])
        )
        if step == len(way):
            words += _verdict(proof, shown, tree.root)
        proof_bytes = 32 * len(proof.path)
        others = sum(len(each.encoded) for each in readings) - len(readings[home - 1].encoded)
        return View(
            (charts.proof(tree, home - 1, step, in_hand=computed),),
            f"{words} The proof has {proof_bytes} bytes; the other readings, {others:,}.",
            _code(homes, home, step, forge),
        )

    def _first(self, home: int, energy: str, digest: bytes, forge: bool) -> str:
        said = f"Home {home} says {energy} kWh" + (", which is a lie" if forge else "")
        return f"{said}: its digest is {short(digest)}."


def _group(node: charts.Node) -> str:
    if node.stop - node.first == 1:
        return f"home {node.stop}"
    return f"homes {node.first + 1} to {node.stop}"


def _step(way: list[tuple[charts.Node, charts.Node, bool]], step: int, made: bytes) -> str:
    mine, sister, left = way[step - 1]
    return (
        f"Step {step} of {len(way)}: in hand is the digest of {_group(mine)}; its sister, of"
        f" {_group(sister)}, is given and stands on the {'left' if left else 'right'}. Hashed"
        f" together: {short(made)}."
    )


def _verdict(proof: InclusionProof, shown: SignedTransaction, root: bytes) -> str:
    try:
        proof.check(shown.encoded, root)
    except BadProof as fault:
        return f" Refused: {fault} (the library counts from 0)."
    return f" That is the root in the header, {short(root)}: proved."


def _code(homes: int, home: int, step: int, forge: bool) -> str:
    leaf = "forged(readings[{}])" if forge else "readings[{}]"
    return "\n".join(
        [
            "from energychain.charts import merkle as charts",
            "from energychain.ledger.block import transaction_tree",
            "from energychain.studies.street import forged, street",
            "from energychain.widgets.merkle_proof import in_hand",
            "",
            f"readings = street({MOST_LEAVES}, 1).chain.head.transactions[:{homes}]",
            "tree = transaction_tree(readings)",
            f"leaf = {leaf.format(home - 1)}",
            f"computed = in_hand(tree.inclusion({home - 1}), leaf.encoded)",
            f"charts.proof(tree, {home - 1}, {step}, in_hand=computed)",
        ]
    )
