"""
The bank sells energy tokens for money and, at set intervals, pays them back.

In the testbed the mining nodes play the bank, and members "are paid off by the
blockchain at predetermined intervals" (Cali & Fifield, 2019, sections 4.3 and 4.4).
The price and the interval are not printed there: they are parameters of ours.

===============  ======================================================
storage          meaning
===============  ======================================================
``treasury``     the account that holds the bank's tokens and money
``price``        [micro-dollar/token]
``opening``      when the bank opened [s]
``interval``     the time between two redemptions of one member [s]
(``redeemed``,   when a member last redeemed tokens [s]
member)
===============  ======================================================
"""

from energychain.contracts.calls import arguments, unknown_function, whole
from energychain.contracts.token import ENERGY_TOKEN, MONEY
from energychain.ledger.state import Call, Event, Outcome, Storage, Transfer
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import tokens


class TooEarly(Refusal):
    """The interval since the last redemption is not over."""

    rule = "redemption interval"


def opening_storage(
    treasury: Address, price: int, opening: int, interval: int
) -> tuple[tuple[str, Value, Value], ...]:
    """The bank's terms as entries of a genesis record."""
    return (
        ("bank", "treasury", treasury),
        ("bank", "price", price),
        ("bank", "opening", opening),
        ("bank", "interval", interval),
    )


def bank(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``buy(tokens)`` and ``redeem(tokens)``, in milli-tokens.

    Raises :class:`TooEarly` if a member redeems before its interval is over.
    """
    if call.function not in ("buy", "redeem"):
        raise unknown_function("bank", call, "buy", "redeem")
    (wanted,) = arguments(call, "tokens")
    amount = whole(wanted, "tokens", 1)
    treasury = Address(str(storage["treasury"]))
    paid = _money(amount, _number(storage, "price"), call.function)
    fields = (("member", sender), ("tokens", amount), ("money", paid))
    if call.function == "buy":
        return Outcome(
            transfers=(
                Transfer(MONEY, sender, treasury, paid),
                Transfer(ENERGY_TOKEN, treasury, sender, amount),
            ),
            events=(Event("Bought", fields),),
        )
    last = _number(storage, ("redeemed", sender), _number(storage, "opening"))
    due = last + _number(storage, "interval")
    if call.time < due:
        raise TooEarly(
            f"{tokens(amount)} tokens can be redeemed in {due - call.time} s:"
            f" once every {_number(storage, 'interval')} s"
        )
    return Outcome(
        writes={("redeemed", sender): call.time},
        transfers=(
            Transfer(ENERGY_TOKEN, sender, treasury, amount),
            Transfer(MONEY, treasury, sender, paid),
        ),
        events=(Event("Redeemed", fields),),
    )


# Whoever could buy at a price rounded down and redeem at one rounded up would get rich in
# small steps: the bank rounds in its own favour. At our prices nothing is rounded at all.
def _money(amount: int, price: int, function: str) -> int:
    whole_money, rest = divmod(amount * price, 1_000)
    return whole_money + (1 if rest and function == "buy" else 0)


def _number(storage: Storage, key: Value, default: int = 0) -> int:
    value = storage.get(key, default)
    assert isinstance(value, int)
    return value
