"""Edit one number in an old block, and see which rule says so, and what hiding it costs."""

from html import escape
from typing import Any

import ipywidgets as widgets

from energychain.ledger.chain import Chain
from energychain.primitives.hashing import short
from energychain.studies import token_day
from energychain.studies.tampering import LARGEST, Tampered, number_at, places
from energychain.widgets.block_words import (
    block_tables,
    cards,
    not_asked,
    place_in_words,
    rules_list,
)
from energychain.widgets.controls import snug
from energychain.widgets.explorer import Panel, button

AROUND = 4
"""How many blocks on either side of the first choice are offered."""


PRODUCED = "produced"


class BlockExplorer(Panel):
    """A chain that the learner forges, with every rule watching.

    >>> explorer = BlockExplorer()
    >>> explorer.number.value += 1
    >>> explorer.tampered.broken
    ['merkle root', 'transactions', 'state root']
    """

    def __init__(
        self, chain: Chain | None = None, *, block: int | None = None, prediction: str = ""
    ) -> None:
        self._testbed = chain is None
        self.chain = chain or token_day.run().chain
        first = busiest(self.chain) if block is None else block
        self.tampered = self._first = Tampered.untouched(self.chain, first)
        near = range(max(1, first - AROUND), min(self.chain.height, first + AROUND) + 1)
        self.block = snug(
            widgets.Dropdown,
            "Block",
            160,
            options=[(self._menu(h), h) for h in near],
            value=first,
        )
        self.place = snug(widgets.Dropdown, "Number to edit", 260)
        self.number = snug(
            widgets.BoundedIntText, "Its value", 160, value=0, min=0, max=LARGEST, step=1
        )
        self._repairs = {
            "merkle": button("Recompute the Merkle root", self.recompute_merkle_root),
            "mine": button("Mine again", self.mine_again, width="180px"),
            "link": button("Re-link the next block", self.relink),
            "sign": button("Sign with my own key", self.sign),
        }
        self._cards, self._block, self._rules = widgets.HTML(), widgets.HTML(), widgets.HTML()
        wrap = widgets.Layout(flex_flow="row wrap", width="100%")
        super().__init__(
            "Can one number in an old block be changed, unnoticed?",
            [
                widgets.Box([self.block, self.place, self.number], layout=wrap),
                self._cards,
                widgets.Box(list(self._repairs.values()), layout=wrap),
            ],
            [widgets.Box([self._rules, self._block], layout=wrap)],
            prediction=prediction,
        )
        self._offer_places()
        for control, act in (
            (self.block, self._choose_block),
            (self.place, self._choose_place),
            (self.number, self._edit),
        ):
            control.observe(act, "value")
        self._show()

    # --- what the learner does --------------------------------------------------------

    def recompute_merkle_root(self) -> None:
        """Let the header stand for the altered transactions."""
        self._become(self.tampered.with_merkle_root())

    def mine_again(self) -> None:
        """Seal the lowest block whose seal is broken."""
        self._become(self.tampered.mined_again())

    def relink(self) -> None:
        """Let the lowest block that lost its parent name the altered one."""
        self._become(self.tampered.relinked())

    def sign(self) -> None:
        """Sign the altered transaction with a key that is not its sender's."""
        place = self.place.value
        if place.transaction is not None:
            self._become(self.tampered.with_own_signature(place.transaction))

    def reset(self) -> None:
        """The chain as everybody else has it."""
        self._become(self._first)
        self.block.value = self._first.height
        self._offer_places()
        self._show()

    # --- how it is shown --------------------------------------------------------------

    def bundle(self) -> dict[str, Any]:
        """The present state as HTML and words; while nothing is altered, with an example."""
        parts = [
            f"<p><b>{escape(self.question)}</b></p>",
            f"{self._cards.value}<p>{escape(self.status)}</p>{self._rules.value}",
        ]
        if not self.tampered.altered:
            place = self.place.value
            number = number_at(self.tampered.edited, place)
            example = self.tampered.edit(place, number + 1)
            where = place_in_words(place, example.edited, self.chain)
            parts += [
                f"<p>For instance: <b>{escape(where)}</b> is altered from {number:,} to"
                f" {number + 1:,}.</p>",
                cards(example),
                rules_list(example.verdicts, self.chain),
            ]
        return {"text/html": "".join(parts), "text/plain": f"{self!r}: {self.status}"}

    def _menu(self, height: int) -> str:
        block = self.chain.blocks[height]
        calls = len(block.transactions)
        return f"{height}: {calls} transaction{'s' if calls != 1 else ''}"

    def _offer_places(self) -> None:
        block = self.tampered.edited
        found = places(block)
        options = [(place_in_words(p, block, self.chain), p) for p in found]
        # Begin with what a cheat would alter first: how much it produced.
        first = next((p for text, p in options if PRODUCED in text), found[0])
        with self._quietly():
            self.place.options = options
            self.place.value = first
            self.number.value = number_at(block, first)

    def _quietly(self) -> "_Quiet":
        return _Quiet(self)

    def _choose_block(self, _: object) -> None:
        if not self._quiet:
            self.tampered = Tampered.untouched(self.chain, self.block.value)
            self._offer_places()
            self._show()

    def _choose_place(self, _: object) -> None:
        if not self._quiet:
            self.tampered = Tampered.untouched(self.chain, self.tampered.height)
            with self._quietly():
                self.number.value = number_at(self.tampered.edited, self.place.value)
            self._show()

    def _edit(self, _: object) -> None:
        if not self._quiet:
            self._become(self.tampered.edit(self.place.value, self.number.value))

    _quiet = False

    def _become(self, tampered: Tampered) -> None:
        self.tampered = tampered
        self._show()

    def _show(self) -> None:
        now, original = self.tampered, self.chain.blocks[self.tampered.height]
        self._cards.value = cards(now)
        self._rules.value = (
            "<div style='width:425px;margin:6px 24px 6px 0'>"
            f"<b style='font-size:14px'>What the rules say of block {now.height}</b>"
            f"{rules_list(now.verdicts, self.chain)}</div>"
        )
        self._block.value = (
            "<div style='width:465px;margin:6px 0'>"
            f"{block_tables(now.edited, original, self.chain)}</div>"
        )
        altered = now.edited.transactions != original.transactions
        unsealed, unlinked = now.unsealed, now.unlinked
        needed = {
            "merkle": "merkle root" in now.broken,
            "mine": unsealed is not None,
            "link": unlinked is not None,
            "sign": altered,
        }
        for name, repair in self._repairs.items():
            repair.disabled = not needed[name]
        self._repairs["mine"].description = f"Mine block {(unsealed or now.edited).height} again"
        next_height = now.height + 1 if unlinked is None else unlinked.height
        self._repairs["link"].description = f"Re-link block {next_height}"
        self.say(describe(now), self._code_lines())

    def _code_lines(self) -> str:
        now = self.tampered
        chain = "token_day.run().chain" if self._testbed else "...  # your own"
        return "\n".join(
            [
                "from dataclasses import replace",
                "from energychain.consensus.work import mine",
                "from energychain.ledger.transaction import SignedTransaction",
                "from energychain.primitives.keys import derive",
                "from energychain.studies import token_day",
                "",
                f"chain = {chain}",
                "blocks = list(chain.blocks)",
                f"block = blocks[{now.height}]",
                *now.steps,
                f"for rule, fault in chain.upto({now.height - 1}).verdicts(block):",
                '    print(rule.name, "-", fault or "kept")',
            ]
        )

    def __repr__(self) -> str:
        return f"BlockExplorer(block={self.tampered.height}, broken={self.tampered.broken})"


class _Quiet:
    """While it lasts, changes of the controls are not the learner's."""

    def __init__(self, explorer: BlockExplorer) -> None:
        self._explorer = explorer

    def __enter__(self) -> None:
        self._explorer._quiet = True

    def __exit__(self, *_: object) -> None:
        self._explorer._quiet = False


def busiest(chain: Chain) -> int:
    """The height of the first block with the most energy trades; of a chain without
    any, the first block with the most transactions.
    """
    return max(
        range(1, chain.height + 1),
        key=lambda h: (
            sum(e.name == "Sold" for receipt in chain.receipts[h] for e in receipt.events),
            len(chain.blocks[h].transactions),
            -h,
        ),
    )


def describe(now: Tampered) -> str:
    """The state of a forgery as a sentence or two."""
    above = len(now.later)
    if not now.altered:
        return (
            f"Nothing is altered: block {now.height} and the {above} blocks above it keep every"
            " rule. Change the number."
        )
    paid = f" The repairs took {now.tries:,} hashes so far." if now.tries else ""
    if now.holds:
        head = (now.edited, *now.later)[-1]
        return (
            f"Every rule is kept again, for {now.tries:,} hashes. But this chain ends in"
            f" {short(head.hash)}, and everybody else's in {short(now.chain.head.hash)}: whoever"
            " kept a copy sees it."
        )
    broken = [rule.name for rule, fault in now.verdicts if fault and not not_asked(rule, fault)]
    said = f"Block {now.height} is caught by {_and(broken)}." if broken else ""
    if broken == ["transactions"]:
        said = (
            f"Block {now.height} is caught by its signature alone: no work repairs it, only the"
            " sender's key."
        )
    if now.unsealed is not None and now.unsealed is not now.edited:
        said += f" Block {now.unsealed.height} has lost its seal."
    if now.unlinked is not None:
        said += f" Block {now.unlinked.height} names a parent that is gone."
    return f"{said}{paid}".strip()


def _and(names: list[str]) -> str:
    rules = f"rule{'s' if len(names) > 1 else ''}"
    if len(names) < 2:
        return f"the {rules} {''.join(names)}"
    return f"the {rules} {', '.join(names[:-1])} and {names[-1]}"
