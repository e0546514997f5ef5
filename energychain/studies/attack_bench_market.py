"""
Attacks on the market around the ledger: a meter that lies, and somebody who sees an order
before it is carried out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from energychain.contracts.calls import BadArguments, arguments, whole
from energychain.contracts.energy_trade import energy_trade, meter
from energychain.contracts.energy_trade import opening_storage as trade_storage
from energychain.contracts.sealed_auction import commitment, sealed_auction
from energychain.contracts.sealed_auction import opening_storage as auction_storage
from energychain.contracts.token import ENERGY_TOKEN, MONEY
from energychain.ledger.mempool import Mempool
from energychain.ledger.state import Call, Contract, Event, Outcome, Storage, Transfer
from energychain.ledger.transaction import SignedTransaction, Value
from energychain.primitives.hashing import sha256
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import from_units
from energychain.studies import attack_bench_exhibit as bench
from energychain.studies.attack_bench_exhibit import in_kwh, in_money
from energychain.studies.private_chain import PrivateChain
from energychain.studies.verifiable_market import expected_result

# --- a meter that lies ----------------------------------------------------------------

FEEDER = "feeder"
LIAR = "ben"

MEASURED: Mapping[str, tuple[int, int]] = {
    "ann": (3_000_000, 0),
    "ben": (0, 1_000_000),
    "cat": (0, 800_000),
    FEEDER: (0, 1_200_000),
}
"""What was produced and consumed [mWh]. The feeder's meter counts from the other side: what
the street draws from the grid is produced there, what it delivers is consumed.
"""

LIE = 600_000
"""By so much ben's meter says less than was consumed [mWh]."""

TOLERANCE = 50_000
"""Losses on the street's cable, and the error of the meters [mWh]."""

RATE = 150_000
"""Energy for one token [mWh]."""


class NotConserved(Refusal):
    """The meters do not add up to what the feeder saw."""

    rule = "conservation"


def at_the_feeder(storage: Storage, sender: Address, call: Call) -> Outcome:
    """The energy-trade contract, but it settles only what adds up: energy is conserved, so the
    meters of the homes and the one at the feeder sum to nothing but the losses.
    """
    if call.function == "settle":
        (interval,) = arguments(call, "interval")
        members = storage.get("members", ())
        assert isinstance(members, tuple)
        meters = (meter(storage, Address(str(member))) for member in members)
        gap = sum(each.net for each in meters if each.interval == interval)
        if abs(gap) > TOLERANCE:
            raise NotConserved(f"the meters are {in_kwh(gap)} apart from the feeder's")
    return energy_trade(storage, sender, call)


@dataclass(frozen=True)
class Settled:
    """What came of an interval."""

    paid: int
    """What ben paid [milli-token]."""

    refusal: str
    """The rule that refused to settle."""

    valid: bool
    """Whether the chain passes every rule when it is checked from its first block."""


def settle(said: Mapping[str, tuple[int, int]], contract: Contract) -> Settled:
    """Ann sells to ben and cat, in this order; everybody reports what is said here [mWh]."""
    network = PrivateChain(
        tuple(said),
        contracts={"energy_trade": contract},
        balances=[(ENERGY_TOKEN, name, 100_000) for name in said],
        storage=trade_storage("in order"),
    )
    buyers = (network.address("ben"), network.address("cat"))
    network.open_block()
    network.send("ann", "energy_trade", "offer", buyers, RATE)
    for buyer in ("ben", "cat"):
        network.send(buyer, "energy_trade", "accept", (network.address("ann"),), RATE)
    for name, (produced, consumed) in said.items():
        network.send(name, "energy_trade", "report", 0, produced, consumed)
    receipt = network.send(FEEDER, "energy_trade", "settle", 0)
    network.close_block()
    valid = network.chain.validate().state == network.chain.state
    return Settled(100_000 - network.balance("ben", ENERGY_TOKEN), receipt.refusal, valid)


def with_lies(lies: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """What is said when meters say so much less than was consumed [mWh]."""
    return {
        name: (produced, consumed - lies.get(name, 0))
        for name, (produced, consumed) in MEASURED.items()
    }


def suspects(said: Mapping[str, tuple[int, int]]) -> tuple[str, ...]:
    """The homes each of which could have caused the gap alone: by producing less than it
    says, or by consuming otherwise.
    """
    gap = sum(produced - consumed for produced, consumed in said.values())
    if abs(gap) <= TOLERANCE:
        return ()
    return tuple(
        name
        for name, (produced, consumed) in said.items()
        if name != FEEDER and (gap > 0 or max(produced, consumed) >= -gap)
    )


def lying_meter(defended: bool) -> bench.Outcome:
    """Ben's meter says 0.6 kWh less than he used, signs it, and pays for what it says."""
    said = with_lies({LIAR: LIE})
    honest = settle(MEASURED, energy_trade).paid
    found = settle(said, at_the_feeder if defended else energy_trade)
    if found.refusal:
        named = ", ".join(suspects(said))
        evidence = (
            f"{in_kwh(LIE)} are missing and nothing is settled; who lied may be any of {named}"
        )
    else:
        kept = from_units(honest - found.paid, 3)
        evidence = f"ben keeps {kept} tokens, and every rule holds for every block"
    succeeded = not found.refusal and found.valid and found.paid < honest
    return bench.Outcome(succeeded, evidence, found.refusal)


# --- running in front -----------------------------------------------------------------

BID, OFFER = 310_000, 120_000
"""Ann would pay this for a kWh, eve takes that [micro-money]."""

ONE_KWH = 1_000_000
"""A quantity as the auction writes it [millionth of a kWh]."""

BOND = 10_000
"""What it costs to commit and not to reveal [micro-money]."""

SAVINGS = 10_000_000
"""What everybody has [micro-money]."""

TRADERS = ("ann", "eve", "mallory")
AUCTION = "noon"


def open_book(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``order(side, price)`` for one kWh, seen by all: it trades at once with the best order
    that waits, at that one's price, or waits itself.
    """
    side, given = arguments(call, "side", "price")
    if side not in ("buy", "sell"):
        raise BadArguments(f"side: expected buy or sell, found {side!r}")
    price, sign = whole(given, "price"), 1 if side == "buy" else -1
    other = "sell" if side == "buy" else "buy"
    waiting: list[tuple[int, Address]] = sorted(storage.get(other, ()))  # type: ignore[arg-type]
    best = waiting[0 if side == "buy" else -1] if waiting else None
    if best is None or sign * best[0] > sign * price:
        return Outcome({side: (*storage.get(side, ()), (price, sender))})  # type: ignore[misc]
    waiting.remove(best)
    buyer, seller = (sender, best[1]) if side == "buy" else (best[1], sender)
    sold = Event("Sold", (("buyer", buyer), ("seller", seller), ("price", best[0])))
    return Outcome({other: tuple(waiting)}, (Transfer(MONEY, buyer, seller, best[0]),), (sold,))


def _market(
    contracts: Mapping[str, Contract], storage: tuple[tuple[str, Value, Value], ...] = ()
) -> PrivateChain:
    balances = [(MONEY, name, SAVINGS) for name in TRADERS]
    return PrivateChain(TRADERS, contracts=contracts, balances=balances, storage=storage)


def _ahead(network: PrivateChain, waiting: SignedTransaction) -> tuple[SignedTransaction, ...]:
    """What mallory, who sees an order wait, sends with a better fee: it buys what the order
    would have bought, and offers it at the price that the order can bear.
    """
    _, limit = waiting.transaction.arguments
    wishes = (("buy", OFFER, 0), ("sell", limit, 1))
    plain = [network.signed("mallory", "open_book", "order", s, p, nonce=n) for s, p, n in wishes]
    key = network.accounts["mallory"].key
    return tuple(replace(each.transaction, gas_price=2).sign(key) for each in plain)


def front_running(defended: bool) -> bench.Outcome:
    """Ann's order waits for the next block; mallory sees it and comes in between."""
    return _sealed() if defended else _open()


def _open() -> bench.Outcome:
    network = _market({"open_book": open_book})
    network.mine([network.signed("eve", "open_book", "order", "sell", OFFER)])
    pool, state = Mempool(), network.chain.state
    order = network.signed("ann", "open_book", "order", "buy", BID)
    for signed in (order, *_ahead(network, order)):
        pool = pool.add(signed, state)
    network.mine(pool.pick(state))
    return _ended(network, "")


def _sealed() -> bench.Outcome:
    storage = auction_storage("private")
    network = _market({"sealed_auction": sealed_auction}, storage)
    orders: dict[str, Value] = {
        "ann": (("buy", ONE_KWH, BID, 1),),
        "eve": (("sell", ONE_KWH, OFFER, 1),),
        "mallory": (("sell", ONE_KWH, BID, 1),),
    }
    terms = (("point", "mid"), ("ties", "lottery"))

    def sealed(name: str) -> Value:
        who = network.address(name)
        return commitment("private", AUCTION, who, orders[name], sha256(name.encode()))

    def send(name: str, function: str, *given: Value) -> str:
        return network.send(name, "sealed_auction", function, AUCTION, *given).refusal

    network.open_block()
    send("eve", "open", "uniform", terms, BOND, 0, network.address("eve"), 100, 200)
    send("ann", "commit", sealed("ann"))
    send("eve", "commit", sealed("eve"))
    network.close_block()
    network.open_block(100)
    for name in ("ann", "eve"):
        send(name, "reveal", orders[name], sha256(name.encode()))
    refusal = send("mallory", "commit", sealed("mallory"))  # now mallory knows ann's limit
    network.close_block()
    network.open_block(200)
    result = expected_result(network.chain, AUCTION)
    send("eve", "close", result.book_root, result.digest)
    network.close_block()
    return _ended(network, refusal)


def _ended(network: PrivateChain, refusal: str) -> bench.Outcome:
    paid, gain = (
        SAVINGS - network.balance("ann", MONEY),
        network.balance("mallory", MONEY) - SAVINGS,
    )
    evidence = f"ann pays {in_money(paid)} for a kWh, mallory earns {in_money(gain)}"
    return bench.Outcome(gain > 0, evidence, refusal)
