"""
Several clearing rules on one book, a row for each: a table that can be seen from the back of
the room, with the prices as marks on one axis.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.curves import Range
from energychain.charts.marks import Weight, caption, drawable, inline, number, place
from energychain.charts.merit_order import COMPETITIVE
from energychain.charts.theme import Picture

Row = Mapping[str, Any]

NAMES, PRICES, ROW = 160, 120, 33
"""Room for the names of the rules and for the marks of prices, and the height of a row of
two lines [pixel].
"""

MOST_LETTERS = 25
"""A longer name goes on in a second line."""

COLUMNS: Sequence[tuple[Sequence[str], str, int]] = (
    (("price",), "price", 92),
    (("quantity",), "quantity", 62),
    (("of the", "best"), "efficiency", 56),
    (("operator", "keeps"), "operator_surplus", 66),
    (("nobody", "loses"), "individually_rational", 58),
    (("budget",), "budget", 72),
    (("efficient",), "efficient", 62),
    (("compe-", "titive"), "competitive", 54),
)
"""Heading, column of the rows, and width [pixel]."""

BUDGETS: Mapping[str, str] = {"strong": "✓ even", "weak": "+ surplus", "deficit": "✗ deficit"}
"""Buyers pay what sellers receive; or more; or less."""

SYMBOLIC = ("individually_rational", "budget", "efficient", "competitive")

TOTAL = PRICES + 14 + sum(width for *_, width in COLUMNS)


def comparison(
    rows: Sequence[Row],
    *,
    interval: Range | None = None,
    unit: str = "kWh",
    money: str = "token",
) -> Picture:
    """What each rule makes of the same orders: what buyers pay (circle) and sellers receive
    (triangle) on average, how much trades, what that is worth as a share of the best, what
    the operator keeps, and what holds.

    Rows are those of :func:`energychain.markets.compare.compare`. ``interval``, the
    competitive prices, is drawn as a band [money per unit].

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    height = ROW * len(rows)
    table = [_texts(row) for row in rows]
    lines = [f"{row['title']}: {_words(row, unit, money)}." for row in rows]
    competitive = f" Competitive prices: {_span(interval)}." if interval else ""
    return theme.layered(
        [
            *_stripes(len(rows)),
            *_band(interval, rows, height),
            *_marks(rows, f"Price ({money}/{unit})"),
            *_names(table),
            *_cells(table),
            *_headings(),
        ],
        table,
        "One book, many answers",
        f"Circle: buyers pay; triangle: sellers receive. Quantity in {unit}, money in {money}",
        f"{len(rows)} rules on the same orders.{competitive} {' '.join(lines)}",
        width=PRICES,
        height=height,
    )


# --- words ----------------------------------------------------------------------------


def _texts(row: Row) -> dict[str, str]:
    """A row of the table, as people read it."""
    if row.get("refused"):
        return {"rule": row["title"], "refused": row["refused"]}
    said = {"rule": row["title"]}
    said["price"] = _price(row)
    said["quantity"] = number(row["quantity"])
    said["efficiency"] = share_of_best(row["efficiency"], row["efficient"])
    said["operator_surplus"] = number(row["operator_surplus"])
    said["budget"] = BUDGETS[row["budget"]]
    for name in ("individually_rational", "efficient", "competitive"):
        said[name] = "✓ yes" if row[name] else "✗ no"
    return said


def share_of_best(efficiency: float, efficient: bool) -> str:
    """The welfare as a share of the best possible, which only the best itself calls 100 %.

    >>> share_of_best(1.0, True), share_of_best(0.9999, False), share_of_best(0.9027, False)
    ('100%', '> 99.9%', '90.3%')
    """
    share = f"{efficiency:.1%}".replace(".0%", "%")
    return "> 99.9%" if share == "100%" and not efficient else share


def _price(row: Row) -> str:
    buy, sell = row["price_buy"], row["price_sell"]
    if buy is None or sell is None:
        return "no trade"
    return " / ".join(dict.fromkeys(number(round(price, 2)) for price in (buy, sell)))


def _words(row: Row, unit: str, money: str) -> str:
    if row.get("refused"):
        return f"refuses this book ({row['refused']})"
    if not row["quantity"]:
        return "nothing trades"
    said = _texts(row)
    holds = [
        ("nobody loses", row["individually_rational"]),
        ("efficient", row["efficient"]),
        ("competitive", row["competitive"]),
    ]
    return (
        f"{said['quantity']} {unit}, buyers pay {number(row['price_buy'])} and sellers receive"
        f" {number(row['price_sell'])}, {said['efficiency']} of the best welfare, the operator"
        f" keeps {said['operator_surplus']} {money}; "
        + ", ".join(name if yes else f"not {name}" for name, yes in holds)
    )


def _span(interval: Range) -> str:
    return " to ".join(dict.fromkeys(number(price) for price in interval))


# --- layers ---------------------------------------------------------------------------


def _middle(i: int) -> float:
    return ROW * (i + 0.5)


def _stripes(count: int) -> Iterator[alt.Chart]:
    """Every other row shaded, so that the eye finds the way back to the rule."""
    shade = alt.Chart(inline([{"_": 0}])).mark_rect(fill="#f2f2f2", aria=False)
    for i in range(0, count, 2):
        yield place(shade, x=-NAMES, x2=TOTAL, y=ROW * i, y2=ROW * (i + 1))


def _scale(rows: Sequence[Row], interval: Range | None = None) -> list[float]:
    prices = [row.get(name) for row in rows for name in ("price_buy", "price_sell")]
    known = [price for price in (*prices, *(interval or ())) if price is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    room = 0.12 * (high - low) or 1.0
    return [low - room, high + room]


def _x(rows: Sequence[Row], title: str | None = None) -> alt.X:
    axis = alt.Axis(title=title, tickCount=4, grid=False) if title else alt.Axis()
    return alt.X("_x:Q", scale=alt.Scale(domain=_scale(rows), nice=False, zero=False), axis=axis)


def _band(interval: Range | None, rows: Sequence[Row], height: int) -> Iterator[alt.Chart]:
    if interval:
        low, high = interval
        least = 0.01 * (_scale(rows)[1] - _scale(rows)[0])
        half, middle = max((high - low) / 2, least), (low + high) / 2
        where = alt.Chart(inline([{"_x": middle - half, "_x2": middle + half}]))
        mark = where.mark_rect(fill=COMPETITIVE, opacity=0.3, aria=False)
        yield place(mark, x=_x(rows), x2=alt.X2("_x2"), y=0, y2=height)


def _marks(rows: Sequence[Row], title: str) -> Iterator[alt.Chart]:
    x = _x(rows, title)
    for i, row in enumerate(rows):
        buy, sell = row.get("price_buy"), row.get("price_sell")
        if buy is None or sell is None:
            continue
        link = alt.Chart(inline([{"_x": buy, "_x2": sell}]))
        rule = link.mark_rule(stroke=theme.INK, aria=False)
        yield place(rule, x=x, x2=alt.X2("_x2"), y=_middle(i))
        both = [(buy, "circle", theme.INK, 70), (sell, "triangle-up", "white", 70)]
        for price, shape, fill, size in both if buy != sell else both[:1]:
            point = alt.Chart(inline([{"_x": price}])).mark_point(
                shape=shape, size=size, fill=fill, stroke=theme.INK, opacity=1, aria=False
            )
            yield place(point, x=x, y=_middle(i))


def _names(table: Sequence[Mapping[str, str]]) -> Iterator[alt.Chart]:
    for i, row in enumerate(table):
        lines = textwrap.wrap(row["rule"], MOST_LETTERS)
        for n, line in enumerate(lines):
            yield _text(line, -NAMES + 4, _middle(i) + 15 * (n - (len(lines) - 1) / 2))


def _cells(table: Sequence[Mapping[str, str]]) -> Iterator[alt.Chart]:
    for i, row in enumerate(table):
        if "refused" in row:
            words = f"refuses this book: {row['refused']}"
            yield _text(words, PRICES + 14, _middle(i), limit=TOTAL - PRICES - 20)
            continue
        left = PRICES + 14
        for _, name, width in COLUMNS:
            symbol, _, word = row[name].rpartition(" ") if name in SYMBOLIC else ("", "", row[name])
            # Apart, because a font that lacks the symbol would lend its look to the word.
            if symbol:
                yield _text(symbol, left, _middle(i))
            yield _text(word, left + 15 * bool(symbol), _middle(i))
            left += width


def _headings() -> Iterator[alt.Chart]:
    left = PRICES + 14
    for lines, _, width in COLUMNS:
        for up, line in enumerate(reversed(lines)):
            yield _text(line, left, -12 - 16 * up, weight="bold")
        left += width


def _text(
    words: str, left: float, middle: float, *, weight: Weight = "normal", limit: int = 0
) -> alt.Chart:
    """A text, cut off at a width [pixel]; 0 is no limit."""
    return caption(words, left, middle, weight=weight, limit=limit)
