"""
Contracts, hands on: an explorer in which one composes a call, and sees its bill and what it would
change.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import ipywidgets as widgets

from energychain.charts import gas as charts
from energychain.contracts.token import ENERGY_TOKEN, MONEY
from energychain.ledger.state import GasSchedule, Storage, Transfer
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.units import tokens
from energychain.studies.gas import itemised
from energychain.studies.jar import JAR, MEMBERS, Composed, compose, guarded, jar, street
from energychain.studies.private_chain import PrivateChain
from energychain.widgets.explorer import Explorer, Table, View, labelled

MOST_GAS = 80_000
"""That can be set as a limit [gas]."""

CALLS = {
    "jar.put": ("jar", "put"),
    "jar.draw": ("jar", "draw"),
    "token.transfer to cleo": ("token", "transfer"),
    "bank.buy": ("bank", "buy"),
    "bank.redeem": ("bank", "redeem"),
}
"""What can be called, in words."""


class ContractExplorer(Explorer):
    """A call, composed: who calls what, for how much, with how much gas; and what it would
    change, or why it changes nothing but a fee.

    >>> explorer = ContractExplorer()
    >>> explorer.controls["caller"].value = "ben"
    >>> explorer.controls["call"].value = "jar.draw"
    >>> explorer.status
    'ben calls jar.draw for 2.000 tokens: refused (jar): 2.000 tokens more than you have in the \
jar. Nothing changes but the fee: 22,888 gas, 22,888 wei.'
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "What would this call change, and what does it cost?",
            {
                "caller": labelled(widgets.Dropdown, "Who calls", options=MEMBERS, value="ann"),
                "call": labelled(widgets.Dropdown, "What", options=list(CALLS), value="jar.put"),
                "amount": labelled(
                    widgets.FloatSlider,
                    "Amount (tokens)",
                    value=2.0,
                    min=-1.0,
                    max=6.0,
                    step=0.5,
                    readout_format=".1f",
                ),
                "gas_limit": labelled(
                    widgets.IntSlider,
                    "Gas limit",
                    value=60_000,
                    min=20_000,
                    max=MOST_GAS,
                    step=1_000,
                    readout_format=",d",
                ),
                "guard": labelled(widgets.Checkbox, "The jar has a guard", value=True, indent=True),
            },
            self._look,
            prediction=prediction,
        )

    def composed(self) -> Composed:
        """The call as the controls stand."""
        return _composed(**self.values)

    def _look(self, caller: str, call: str, amount: float, gas_limit: int, guard: bool) -> View:
        done = _composed(caller, call, amount, gas_limit, guard)
        names = _names(_street(guard))
        items = itemised(GasSchedule(), done.signed, done.outcome)
        return View(
            (charts.bill(items, limit=gas_limit, paid=done.paid, most=MOST_GAS),),
            f"{caller} calls {call} for {tokens(_milli(amount))} tokens: {_became(done, names)}",
            _code(caller, call, amount, gas_limit, guard),
            _details(done, CALLS[call][0], names),
        )


@cache
def _street(guard: bool) -> PrivateChain:
    return street(guarded if guard else jar)


def _milli(amount: float) -> int:
    return round(amount * 1_000)


def _composed(caller: str, call: str, amount: float, gas_limit: int, guard: bool) -> Composed:
    chain = _street(guard)
    contract, function = CALLS[call]
    to: tuple[Value, ...] = (ENERGY_TOKEN, chain.address("cleo")) if contract == "token" else ()
    given = (*to, _milli(amount))
    return compose(chain, caller, contract, function, *given, gas_limit=gas_limit)


def _code(caller: str, call: str, amount: float, gas_limit: int, guard: bool) -> str:
    contract, function = CALLS[call]
    to = f'"{ENERGY_TOKEN}", chain.address("cleo"), ' if contract == "token" else ""
    return "\n".join(
        [
            "from energychain.studies.jar import compose, guarded, jar, street",
            "",
            f"chain = street({'guarded' if guard else 'jar'})",
            f'call = "{caller}", "{contract}", "{function}", {to}{_milli(amount):_}',
            f"compose(chain, *call, gas_limit={gas_limit:_}).receipt",
        ]
    )


# --- in words and tables --------------------------------------------------------------


def _names(chain: PrivateChain) -> dict[Value, str]:
    names: dict[Value, str] = {JAR: "the jar"}
    return names | {each.address: each.name for each in chain.accounts.values()}


def _became(done: Composed, names: Mapping[Value, str]) -> str:
    receipt = done.receipt
    if receipt is None:
        why = _by_name(done.reason, names)
        return f"it does not get into a block, and costs nothing: {why}."
    fee = f"{receipt.gas_used:,} gas, {receipt.fee:,} wei"
    if not receipt.done:
        return (
            f"refused ({receipt.refusal}): {_by_name(receipt.reason, names)}."
            f" Nothing changes but the fee: {fee}."
        )
    assert done.outcome is not None
    changes = (
        _counted(len(done.outcome.writes), "entry", "entries"),
        _counted(len(done.outcome.transfers), "transfer", "transfers"),
        _counted(len(done.outcome.events), "event", "events"),
    )
    return f"done. {', '.join(changes)}. The fee: {fee}."


def _counted(count: int, one: str, many: str) -> str:
    return f"{count or 'no'} {one if count == 1 else many}"


def _by_name(reason: str, names: Mapping[Value, str]) -> str:
    for address, name in names.items():
        reason = reason.replace(str(address), name)
    return reason


def _details(done: Composed, contract: str, names: Mapping[Value, str]) -> str:
    shown = (_storage(done, contract, names), _holdings(done, names), _wishes(done, names))
    beside = "".join(f"<div style='margin:6px 36px 6px 0'>{table.html()}</div>" for table in shown)
    return f"<div style='display:flex;flex-wrap:wrap'>{beside}</div>"


def _storage(done: Composed, contract: str, names: Mapping[Value, str]) -> Table:
    before, after = (state.storage.get(contract, {}) for state in (done.before, done.after))
    rows = [
        (_said(key, names), _said(before.get(key, "–"), names), _changed(before, after, key, names))
        for key in dict.fromkeys((*before, *after))
    ]
    return Table(
        f"Storage of {contract}",
        ("entry", "before", "after"),
        rows or [("empty", "", "")],
    )


def _changed(before: Storage, after: Storage, key: Value, names: Mapping[Value, str]) -> str:
    same = before.get(key) == after.get(key)
    return "same" if same else _said(after[key], names)


def _said(value: Value, names: Mapping[Value, str]) -> str:
    if value in names:
        return names[value]
    if isinstance(value, tuple):
        return ", ".join(_said(part, names) for part in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _holdings(done: Composed, names: Mapping[Value, str]) -> Table:
    """What everybody owns; miners are left out."""
    rows = []
    for address, name in names.items():
        if name.startswith("miner"):
            continue
        owner = Address(str(address))
        pairs = [
            (done.before.balance(asset, owner), done.after.balance(asset, owner))
            for asset in (ENERGY_TOKEN, MONEY)
        ]
        words = (tokens, _dollars)
        cells = [
            f"{said(old)} → {said(new)}" if old != new else said(old)
            for said, (old, new) in zip(words, pairs, strict=True)
        ]
        rows.append((name, *cells))
    return Table("Who owns what", ("", "tokens", "dollars"), rows)


def _wishes(done: Composed, names: Mapping[Value, str]) -> Table:
    """The transfers that the contract asks for, and what it announces."""
    state = "done" if done.done else "not done"
    asked: Sequence[Transfer] = done.outcome.transfers if done.outcome else ()
    rows = [
        (f"{_said(t.source, names)} → {_said(t.target, names)}", _amount(t), state) for t in asked
    ]
    announced = done.receipt.events if done.receipt else ()
    rows += [(f"event {event.name}", "", "announced") for event in announced]
    return Table("Asked for", ("", "", ""), rows or [("nothing", "", "")])


def _amount(transfer: Transfer) -> str:
    if transfer.asset == MONEY:
        return f"{_dollars(transfer.amount)} dollars"
    return f"{tokens(transfer.amount)} tokens"


def _dollars(micro: int) -> str:
    """To a tenth of a cent: the bank's price and half a token lead to no smaller part."""
    return f"{micro / 10**6:,.3f}"
