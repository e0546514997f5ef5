"""What became of a cleared book, in words: of all of it, and of each order."""

from collections.abc import Sequence

from energychain.charts.curves import Piece, Range, Side, sides
from energychain.charts.marks import number
from energychain.markets.clearing import Clearing
from energychain.markets.rules import RULES


def outcome(clearing: Clearing, unit: str = "kWh", money: str = "token") -> str:
    """How much trades at which price, in words.

    >>> from energychain.markets.orders import Book, order
    >>> from energychain.markets.rules import clear
    >>> book = Book.of([order("b", "ann", "buy", "2", "30"), order("s", "sam", "sell", "3", "20")])
    >>> outcome(clear(book, "pairwise"))
    '2 kWh trade at 25 token/kWh'
    """
    buy, sell = clearing.price_buy, clearing.price_sell
    if buy is None or sell is None:
        return "nothing trades"
    one_each = all(side.price is not None for side in sides(clearing))
    each, average = f"{money}/{unit}", "" if one_each else " on average"
    much = f"{number(clearing.quantity / 1e6)} {unit} trade"
    if buy == sell:
        return f"{much} at {number(buy / 1e6)} {each}{average}"
    return (
        f"{much}; buyers pay {number(buy / 1e6)} and sellers receive {number(sell / 1e6)}"
        f" {each}{average}"
    )


def orders_told(side: Side, unit: str, prefix: str = "") -> list[str]:
    """What became of each order of a side, in words, each with a ``prefix`` before its name."""
    words: dict[str, list[Piece]] = {}
    for piece in side.pieces:
        words.setdefault(piece.id, []).append(piece)
    told = []
    for id, pieces in words.items():
        wanted = sum(piece.width for piece in pieces)
        traded = sum(piece.width for piece in pieces if piece.paid is not None)
        name = f"{prefix} {id}".strip()
        said = f"{name}: {number(wanted)} {unit} at {number(pieces[0].limit)}"
        if not traded:
            told.append(f"{said}, nothing trades")
        elif round(traded, 6) < round(wanted, 6):
            told.append(f"{said}, {number(traded)} trades")
        else:
            told.append(f"{said}, all trades")
    return told


def sentence(words: str) -> str:
    """Words that begin with a capital letter."""
    return words[:1].upper() + words[1:]


def rule_title(clearing: Clearing) -> str:
    """What the rule is called that cleared the book."""
    rule = RULES.get(clearing.rule)
    return rule.title if rule else clearing.rule


def span(interval: Range) -> str:
    """From where to where, in words; a single number if both are the same."""
    low, high = interval
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def listed(names: Sequence[str]) -> str:
    """Some names; of more than three, how many there are."""
    if len(names) > 3:
        return f"{len(names)} orders"
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + "".join(names[-1:])
