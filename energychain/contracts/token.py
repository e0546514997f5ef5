"""
The token contract: an asset goes from its owner to somebody else. Energy tokens,
money and Ether all move this way.
"""

from energychain.contracts.calls import BadArguments, address, arguments, unknown_function, whole
from energychain.ledger.state import Call, Event, Outcome, Storage, Transfer
from energychain.primitives.keys import Address

ENERGY_TOKEN = "token"
"""The energy token [milli-token]; 150 Wh each in the testbed."""

MONEY = "usd"
"""Money outside the chain, as the bank accounts for it [micro-dollar]."""


def token(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``transfer(asset, to, amount)`` sends what the caller owns.

    The ledger refuses an overdraft; this contract need not know balances.
    """
    if call.function != "transfer":
        raise unknown_function("token", call, "transfer")
    asset, to, amount = arguments(call, "asset", "to", "amount")
    if not isinstance(asset, str):
        raise BadArguments(f"asset: expected its name, found {asset!r}")
    moved = Transfer(asset, sender, address(to, "to"), whole(amount, "amount", 1))
    sent = Event("Sent", (("asset", moved.asset), ("to", moved.target), ("amount", moved.amount)))
    return Outcome(transfers=(moved,), events=(sent,))
