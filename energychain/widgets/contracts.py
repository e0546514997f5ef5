"""
Contracts, hands on: a jar that one can read in a minute, the bill of a call, what settling
takes in a street of many homes, and an explorer in which one composes a call and sees what it
would change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import ipywidgets as widgets

from energychain.charts import gas as charts
from energychain.contracts.bank import bank, opening_storage
from energychain.contracts.calls import vault
from energychain.contracts.energy_trade import energy_trade
from energychain.contracts.energy_trade import opening_storage as trade_storage
from energychain.contracts.token import ENERGY_TOKEN, MONEY, token
from energychain.ledger.state import (
    Call,
    Contract,
    Event,
    GasSchedule,
    InvalidTransaction,
    Outcome,
    Receipt,
    State,
    Storage,
    Transfer,
    Worksheet,
)
from energychain.ledger.transaction import SignedTransaction, Value
from energychain.primitives.encoding import encode
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import money, tokens
from energychain.studies.private_chain import BLOCK_SECONDS, PrivateChain, address_of
from energychain.widgets.explorer import Explorer, Table, View, labelled

# --- the jar --------------------------------------------------------------------------

JAR = vault("jar")
"""Who holds what is in the jar: an account without a key."""


def jar(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``put(amount)`` and ``draw(amount)`` [milli-token]: a jar for a whole street, which
    remembers what each has in it. It has no guard: whoever draws more than it put in takes
    what others put in.
    """
    amount: Any = call.arguments[0]
    mine: Any = storage.get(sender, 0)
    source, target = (sender, JAR) if call.function == "put" else (JAR, sender)
    mine += amount if call.function == "put" else -amount
    moved = Transfer(ENERGY_TOKEN, source, target, amount)
    return Outcome({sender: mine}, (moved,), (Event(call.function),))


class NotYours(Refusal):
    """Nobody draws more than it has put in."""

    rule = "jar"


def guarded(storage: Storage, sender: Address, call: Call) -> Outcome:
    """The :func:`jar`, with a guard.

    Raises :class:`NotYours` if somebody draws more than it has in the jar.
    """
    outcome = jar(storage, sender, call)
    left: Any = outcome.writes[sender]
    if left < 0:
        raise NotYours(f"{tokens(-left)} tokens more than you have in the jar")
    return outcome


# --- the bill of a call ---------------------------------------------------------------


def itemised(
    gas: GasSchedule, signed: SignedTransaction, outcome: Outcome | None = None
) -> list[dict[str, Any]]:
    """What a call costs, item by item [gas]. Without an outcome its contract has refused, and
    asks for nothing.

    >>> signed = street().signed("ann", "jar", "put", 2_000)
    >>> [row["gas"] for row in itemised(GasSchedule(), signed)]
    [21000, 1936, 0, 0, 0, 0]
    """
    wished = outcome or Outcome()
    written = sum(len(encode(entry)) for entry in wished.writes.items())
    return [
        _item("being in a block", 1, gas.transaction),
        _item("bytes of the call", len(signed.transaction.encoded), gas.byte),
        _item("entries written", len(wished.writes), gas.write),
        _item("their bytes", written, gas.byte),
        _item("transfers", len(wished.transfers), gas.transfer),
        _item("events", len(wished.events), gas.event),
    ]


def _item(name: str, count: int, each: int) -> dict[str, Any]:
    return {"item": name, "count": count, "each": each, "gas": count * each}


# --- a street of many homes -----------------------------------------------------------

SURPLUS = 300_000
"""Of each roof in an interval [mWh], and what each home without one needs: two tokens."""


def settling(homes: int, split: str = "in order") -> dict[str, Any]:
    """What one interval of a street takes, carried out on a chain [gas]. Every other home has
    a roof; each roof offers to all homes without one.

    >>> settling(4)["trades"], settling(4, "pro rata")["trades"]
    (2, 4)
    """
    names = [f"home {n}" for n in range(homes)]
    roofs, others = names[::2], names[1::2]
    chain = PrivateChain(
        names,
        name="street",
        difficulty_bits=0,
        contracts={"energy_trade": energy_trade},
        balances=[(ENERGY_TOKEN, name, 100_000) for name in others],
        storage=trade_storage(split),
    )
    chain.open_block()
    buyers = tuple(chain.address(name) for name in others)
    sellers = tuple(chain.address(name) for name in roofs)
    agreed = [chain.send(name, "energy_trade", "offer", buyers, 150_000) for name in roofs]
    agreed += [chain.send(name, "energy_trade", "accept", sellers, 150_000) for name in others]
    reports = [
        [
            chain.send(
                name,
                "energy_trade",
                "report",
                interval,
                *(
                    (SURPLUS * (interval + 1), 0)
                    if name in roofs
                    else (0, SURPLUS * (interval + 1))
                ),
            )
            for name in names
        ]
        for interval in (0, 1)
    ]
    settled = chain.send(names[0], "energy_trade", "settle", 1)
    return {
        "homes": homes,
        "split": split,
        "trades": len(settled.events),
        "settle_gas": settled.gas_used,
        "report_gas": sum(receipt.gas_used for receipt in reports[1]),
        "setup_gas": sum(receipt.gas_used for receipt in (*agreed, *reports[0])),
    }


# --- a call, composed -----------------------------------------------------------------

MEMBERS = ("ann", "ben", "cleo")
SEED = "a street with a jar"
DAY = 24 * 3_600
"""[s]"""


def street(contract: Contract = guarded) -> PrivateChain:
    """A chain of three members, a bank and a jar. Each began with five tokens and ten dollars,
    and ann has put three of her tokens into the jar. The bank pays tokens back once a day, and
    ann has been there today.

    >>> chain = street()
    >>> chain.balance("ann", "token"), chain.chain.state.balance("token", JAR)
    (2000, 3000)
    """
    chain = PrivateChain(
        (*MEMBERS, "bank"),
        name="street",
        seed=SEED,
        contracts={"jar": contract, "token": token, "bank": bank},
        balances=[
            *((ENERGY_TOKEN, member, 5_000) for member in MEMBERS),
            *((MONEY, member, 10_000_000) for member in MEMBERS),
            (ENERGY_TOKEN, "bank", 100_000),
            (MONEY, "bank", 100_000_000),
        ],
        storage=[
            *opening_storage(address_of("bank", SEED), price=30_000, opening=-DAY, interval=DAY),
            ("bank", ("redeemed", address_of("ann", SEED)), 0),
        ],
    )
    chain.mine([chain.signed("ann", "jar", "put", 3_000)])
    return chain


@dataclass(frozen=True)
class Composed:
    """A call, and all that would come of it in the next block."""

    signed: SignedTransaction
    receipt: Receipt | None
    """What became of it, if it may stand in a block at all."""

    reason: str
    """Why it may not stand in a block; empty if it may."""

    outcome: Outcome | None
    """What the contract would like to change, if it does not refuse."""

    before: State
    after: State

    @property
    def paid(self) -> int:
        """The gas that is paid for it [gas]."""
        return self.receipt.gas_used if self.receipt else 0

    @property
    def done(self) -> bool:
        """Whether the call takes effect."""
        return self.receipt is not None and self.receipt.done


def compose(
    chain: PrivateChain,
    name: str,
    contract: str,
    function: str,
    *arguments: Value,
    gas_limit: int,
) -> Composed:
    """What a call would do to a chain, which stays as it is.

    >>> compose(street(), "ben", "jar", "draw", 1_000, gas_limit=60_000).receipt.refusal
    'jar'
    """
    wish = chain.signed(name, contract, function, *arguments).transaction
    signed = replace(wish, gas_limit=gas_limit).sign(chain.accounts[name].key)
    before, when = chain.chain.state, chain.chain.head.header.time + BLOCK_SECONDS
    setting = chain.chain.setting(when, chain.address("miner 1"))
    sheet, receipt, reason = Worksheet(before), None, ""
    try:
        receipt = sheet.execute(signed, setting)
    except InvalidTransaction as refused:
        reason = str(refused)
    call = Call(function, arguments, when, before.balance)
    try:
        outcome = setting.contracts[contract](before.storage.get(contract, {}), signed.sender, call)
    except Refusal:
        outcome = None
    return Composed(signed, receipt, reason, outcome, before, sheet.state())


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
            "from energychain.widgets.contracts import compose, guarded, jar, street",
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
        words = (tokens, money)
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
        return f"{money(transfer.amount)} dollars"
    return f"{tokens(transfer.amount)} tokens"
