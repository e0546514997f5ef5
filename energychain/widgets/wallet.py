"""A wallet in the spirit of Mist, the window that the testbed used (section 4.3)."""

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from energychain.primitives.refusals import Refusal
from energychain.studies.private_chain import MINERS
from energychain.studies.testbed import Testbed
from energychain.widgets.controls import snug
from energychain.widgets.explorer import Panel, Table, button
from energychain.widgets.wallet_model import WalletModel

SHOWN = 8
"""The newest payments, as many as fit beside the accounts."""


class Wallet(Panel):
    """Accounts, payments that wait, and confirmations that count up, one for each block
    that the learner mines.

    >>> wallet = Wallet()
    >>> wallet.pay("node 2", "node 3", "12.5")
    >>> wallet.mine()
    >>> wallet.status.endswith("1 of 12 confirmations.")
    True
    """

    def __init__(self, network: Testbed | None = None, *, prediction: str = "") -> None:
        self.model = WalletModel(network)
        names = self.model.names
        self.source = snug(widgets.Dropdown, "From", 130, options=names, value=names[0])
        self.target = snug(widgets.Dropdown, "To", 130, options=names, value=names[-1])
        self.amount = snug(widgets.Text, "Amount (tokens)", 110, value="10")
        send = button("Send", self._pay, "Sign the payment and let it wait for a miner")
        mine = button("Mine a block", self.mine, "Everything that waits goes into the next block")
        self._accounts = widgets.HTML()
        self._payments = widgets.HTML()
        row = widgets.Layout(flex_flow="row wrap", width="100%")
        super().__init__(
            "When is a payment final?",
            [
                widgets.Box([self.source, self.target, self.amount, send, mine], layout=row),
            ],
            [widgets.Box([self._accounts, self._payments], layout=row)],
            prediction=prediction,
        )
        self._show(self.model.status())

    def pay(self, source: str, target: str, amount: str) -> None:
        """Send tokens; what the wallet refuses is said below, and nothing is sent."""
        try:
            payment = self.model.send(source, target, amount)
        except Refusal as refusal:
            self._show(f"Not sent: {refusal}.")
        else:
            self._show(f"Signed and sent: {payment}. It waits: mine a block. {self._count()}")

    def mine(self) -> None:
        """Mine one block with what waits."""
        self.model.mine()
        self._show(self.model.status())

    def reset(self) -> None:
        """The chain as it was in the beginning."""
        self.model.reset()
        self._show(self.model.status())

    def bundle(self) -> dict[str, Any]:
        """The present state as tables and words."""
        return {
            "text/html": f"<p><b>{escape(self.question)}</b></p>{self._accounts.value}"
            f"{self._payments.value}<p>{escape(self.status)}</p>",
            "text/plain": f"{self!r}: {self.status}",
        }

    def _pay(self) -> None:
        self.pay(self.source.value, self.target.value, self.amount.value)

    def _count(self) -> str:
        waits = len(self.model.waiting)
        return f"{waits} payment{'s' if waits != 1 else ''} in the waiting room."

    def _show(self, status: str) -> None:
        self._accounts.value = _beside(_accounts(self.model), "420px")
        self._payments.value = _beside(_payments(self.model), "500px")
        self.say(status, self.model.code())

    def __repr__(self) -> str:
        return f"Wallet(height={self.model.network.chain.height})"


def _accounts(model: WalletModel) -> str:
    rows = [
        (h.name, h.tokens, h.money, h.ether)
        for h in model.holdings()
        if h.name in (*model.names, *MINERS)
    ]
    return Table("Accounts", ("", "tokens", "money (USD)", "Ether"), rows).html()


def _payments(model: WalletModel) -> str:
    """The newest payments first, each with its confirmations."""
    newest = list(enumerate(model.payments, 1))[::-1][:SHOWN]
    rows = [
        (
            f"{n}. {payment.source} → {payment.target}, {payment.tokens}",
            f"{(state := model.progress(payment)).bar} {state.short}".strip(),
        )
        for n, payment in newest
    ]
    if not rows:
        rows = [("none yet", "")]
    hidden = len(model.payments) - len(newest)
    caption = f"Payments, the newest first{f' ({hidden} older)' if hidden else ''}"
    return _left(Table(caption, ("tokens", "confirmations"), rows).html)


def _left(html: Callable[[], str]) -> str:
    """A table of words, over the whole width: its cells are read from the left, and may wrap."""
    wide = html().replace("<table style='", "<table style='width:100%;", 1)
    return wide.replace("text-align:right;white-space:nowrap", "text-align:left")


def _beside(html: str, width: str) -> str:
    return f"<div style='width:{width};margin:6px 0'>{html}</div>"
