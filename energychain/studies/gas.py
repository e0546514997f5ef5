"""
What work costs on a ledger: the bill of a call, item by item, and what it takes to settle an
interval in a street of more and more homes.

The prices are those of :class:`~energychain.ledger.state.GasSchedule`, of the size of
G. Wood, *Ethereum: a secure decentralised generalised transaction ledger* (2014), appendix G.
"""

from typing import Any

from energychain.contracts.energy_trade import energy_trade, opening_storage
from energychain.contracts.token import ENERGY_TOKEN
from energychain.ledger.state import GasSchedule, Outcome
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.encoding import encode
from energychain.studies.private_chain import PrivateChain

# --- the bill of a call ---------------------------------------------------------------


def itemised(
    gas: GasSchedule, signed: SignedTransaction, outcome: Outcome | None = None
) -> list[dict[str, Any]]:
    """What a call costs, item by item [gas]. Without an outcome its contract has refused, and
    asks for nothing.

    >>> from energychain.studies.jar import street
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
        storage=opening_storage(split),
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
