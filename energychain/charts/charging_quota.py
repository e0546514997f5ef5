"""
An evening at charging stations below one transformer, in pictures: how its margin is shared and
traded, and what the stations pay.

Rows are as ``Evening.records()`` gives them: dictionaries with ``station``, ``demand_kw``,
``initial_kw``, ``quota_kw``, ``load_kw``, ``traded_kwh``, ``payment_tokens`` and
``penalty_tokens``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import (
    AREA,
    BARS,
    Weight,
    across,
    captions,
    down,
    drawable,
    evenly,
    inline,
    key,
    number,
    numbers_in,
    place,
    signed,
    spoken_boxes,
)
from energychain.charts.theme import Picture

Row = Mapping[str, Any]
Rows = Sequence[Row]

BUYS = theme.OKABE_ITO["sky blue"]
SELLS = theme.OKABE_ITO["orange"]
NEITHER = "#dddddd"
PENALTY = theme.OKABE_ITO["vermillion"]

STAGES: Sequence[tuple[str, str]] = (
    ("demand", "demand_kw"),
    ("first quota", "initial_kw"),
    ("after trade", "quota_kw"),
    ("charged", "load_kw"),
)
"""The bars from top to bottom, and the columns that they show."""

BAR, GAP, HEAD = 34, 8, 20
"""How high a bar is, and the room between two and above the first [pixel]."""

LEAST = 0.005
"""Differences below this are rounding: in kW, and in tokens."""


# --- the transformer ------------------------------------------------------------------


def quotas(
    rows: Rows,
    margin_kw: float,
    *,
    stages: int = len(STAGES),
    selected: str = "",
    width: int = 540,
) -> Picture:
    """What all stations want, first get, have after trade and charge, laid end to end, with
    the transformer's margin as a line through all of them.

    What a station charges beyond its quota is barred, and written beside it. A plus marks who
    bought, a minus who sold. ``stages`` is how many of the four bars are drawn, from the
    first; ``selected`` frames one station.

    Raises ``ValueError`` if there are no rows, or no such station.
    """
    own = _selected(rows, selected)
    shown = STAGES[:stages]
    height = _top(len(shown))
    most = max(margin_kw, *(sum(numbers_in(rows, column)) for _, column in shown))
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, 1.02 * most or 1], nice=False),
        axis=alt.Axis(title="Power (kW)", tickCount=8),
    )
    pieces = [piece for n in range(len(shown)) for piece in _pieces(rows, n)]
    if len(shown) <= _TRADE:  # nobody has traded yet
        pieces = [{**piece, "_kind": ""} for piece in pieces]
    charged = len(shown) == len(STAGES)
    layers = [
        *_segments(pieces, x, height),
        *(_over(rows, x, height) if charged else ()),
        *_letters(pieces, x, height, width / (1.02 * most or 1), margin_kw),
        *_frames([p for p in pieces if own and p["station"] == selected], x, height),
        *_limit(margin_kw, x, height),
        *_ends(rows, margin_kw, shown, width),
        *(_key(charged and bool(_defaulters(rows)), width) if len(shown) > _TRADE else ()),
    ]
    bars = ". ".join(
        f"{name.capitalize()}: "
        + ", ".join(f"{row['station']} {row[column]:.2f}" for row in rows)
        + f"; in all {sum(numbers_in(rows, column)):.2f} kW"
        for name, column in shown
    )
    return theme.layered(
        layers,
        [
            {"station": row["station"]} | {name: row[column] for name, column in shown}
            for row in rows
        ],
        "One transformer for all",
        _balance(rows, margin_kw, charged),
        f"Bars, each made of {len(rows)} stations, and a line at the margin of"
        f" {number(margin_kw)} kW. {bars}." + (f" Framed: {selected}." if own else ""),
        width=width,
        height=height,
    )


_TRADE = 2
"""The bar that shows the outcome of the trade, counted from 0."""


def _key(defaulters: bool, width: int) -> list[alt.Chart]:
    entries = [("buys", AREA, BUYS, ()), ("sells", AREA, SELLS, ()), ("neither", AREA, NEITHER, ())]
    barred = [("beyond its quota", BARS, PENALTY, ())] if defaulters else []
    return key([*entries, *barred], width=width)


def _selected(rows: Rows, selected: str) -> Row | None:
    drawable(rows)
    found = [row for row in rows if row["station"] == selected]
    if selected and not found:
        names = ", ".join(str(row["station"]) for row in rows)
        raise ValueError(f"no row is about {selected!r}; there are {names}")
    return found[0] if found else None


def _excess(row: Row) -> float:
    """Power beyond the quota [kW]; only what was fined, for without quotas nothing is beyond."""
    return max(row["load_kw"] - row["quota_kw"], 0.0) if row["penalty_tokens"] else 0.0


def _defaulters(rows: Rows) -> list[Row]:
    return [row for row in rows if _excess(row)]


def _balance(rows: Rows, margin_kw: float, charged: bool) -> str:
    demand, load = sum(numbers_in(rows, "demand_kw")), sum(numbers_in(rows, "load_kw"))
    short = f"{number(round(demand, 2))} kW wanted, {number(margin_kw)} kW there"
    if not charged:
        return short
    if load > margin_kw + LEAST:
        return f"{short}; {number(round(load, 2))} kW charged: overload"
    return f"{short}; {number(round(load, 2))} kW charged"


def _top(stage: int) -> int:
    """Where a bar begins [pixel]."""
    return HEAD + stage * (BAR + GAP)


def _trade(row: Row) -> str:
    return "buys" if row["traded_kwh"] > 0 else "sells" if row["traded_kwh"] < 0 else ""


def _pieces(rows: Rows, stage: int) -> Iterator[dict[str, Any]]:
    """The stations of one bar, end to end."""
    name, column = STAGES[stage]
    top, end = _top(stage), 0.0
    for row in rows:
        start, end = end, end + row[column]
        within = end - (_excess(row) if column == "load_kw" else 0.0)
        trade = _trade(row)
        sign = {"buys": " +", "sells": " −", "": ""}[trade] if column == "quota_kw" else ""
        yield {
            "station": row["station"],
            "_x": round(start, 6),
            "_x2": round(end, 6),
            "_middle": round((start + within) / 2, 6),
            "_y": top,
            "_y2": top + BAR,
            "_kind": trade,
            "_kw": row[column],
            "_letter": f"{row['station']}{sign}",
            "_said": f"{name}: {row['station']} {row[column]:.2f} kW",
        }


def _segments(pieces: Rows, x: alt.X, height: int) -> Iterator[alt.Chart]:
    for kind, fill in (("buys", BUYS), ("sells", SELLS), ("", NEITHER)):
        some = [piece for piece in pieces if piece["_kind"] == kind]
        if some:
            mark = alt.Chart(inline(some)).mark_rect(fill=fill, stroke="white", strokeWidth=1.5)
            yield spoken_boxes(mark, x, down(height))


def _over(rows: Rows, x: alt.X, height: int) -> Iterator[alt.Chart]:
    """Bars over what a station charged beyond its quota."""
    last = len(STAGES) - 1
    over = [
        {**piece, "_x": piece["_x2"] - _excess(row)}
        for piece, row in zip(_pieces(rows, last), rows, strict=True)
        if _excess(row)
    ]
    if over:
        lines = [
            {"_x": at, "_y": piece["_y"], "_y2": piece["_y2"]}
            for piece in over
            for at in evenly(piece["_x"], piece["_x2"])
        ]
        base = alt.Chart(inline(over)).mark_rect(fill="white", stroke=theme.INK, aria=False)
        yield place(base, x=x, x2=alt.X2("_x2"), y=down(height), y2=alt.Y2("_y2"))
        rule = alt.Chart(inline(lines)).mark_rule(stroke=PENALTY, strokeWidth=2.5, aria=False)
        yield place(rule, x=x, y=down(height), y2=alt.Y2("_y2"))


def _letters(
    pieces: Rows, x: alt.X, height: int, scale: float, limit: float
) -> Iterator[alt.Chart]:
    """A station's letter and its power, where there is room for them; in the wider part of a
    piece that the transformer's line cuts in two.
    """
    middle: alt.X = x.copy()
    middle.shorthand = "_middle:Q"
    lines: Sequence[tuple[str, int, int, Weight]] = (
        ("_letter", 15, -7, "bold"),
        ("_number", 29, 8, "normal"),
    )
    for text, room, lower, weight in lines:
        some = [
            {**p, "_middle": middle_kw, "_number": f"{p['_kw']:.1f}".removesuffix(".0")}
            for p in pieces
            for middle_kw, wide in (_widest(p, limit),)
            if wide * scale >= room
        ]
        if some:
            mark = alt.Chart(inline(some)).mark_text(
                dy=lower + BAR / 2,
                fontSize=theme.SMALL,
                fontWeight=weight,
                color=theme.INK,
                aria=False,
            )
            yield place(mark, x=middle, y=down(height), text=alt.Text(f"{text}:N"))


def _widest(piece: Row, limit: float) -> tuple[float, float]:
    """Where words go in a piece, and how wide the room for them is [kW]."""
    start, end, middle = (float(piece[name]) for name in ("_x", "_x2", "_middle"))
    if not start < limit < end:
        return middle, end - start
    left, right = limit - start, end - limit
    at = start + left / 2 if left >= right else limit + right / 2
    return round(at, 6), max(left, right)


def _frames(pieces: Rows, x: alt.X, height: int) -> Iterator[alt.Chart]:
    if pieces:
        frame = alt.Chart(inline(pieces)).mark_rect(
            fill=None, stroke=theme.INK, strokeWidth=2.5, strokeDash=[5, 3], aria=False
        )
        yield place(frame, x=x, x2=alt.X2("_x2"), y=down(height), y2=alt.Y2("_y2"))


def _limit(margin_kw: float, x: alt.X, height: int) -> Iterator[alt.Chart]:
    base = alt.Chart(inline([{"_x": margin_kw}]))
    yield place(base.mark_rule(stroke=theme.INK, strokeWidth=3, aria=False), x=x, y=0, y2=height)
    name = base.mark_text(
        align="right", dx=-7, fontSize=theme.SMALL, fontWeight="bold", color=theme.INK, aria=False
    )
    yield place(name, x=x, y=9, text=f"transformer: {number(margin_kw)} kW")


def _ends(
    rows: Rows, margin_kw: float, shown: Sequence[tuple[str, str]], width: int
) -> Iterator[alt.Chart]:
    """The name of each bar to its left, and its sum to its right."""
    height = _top(len(shown))
    names, sums, notes = [], [], []
    for n, (name, column) in enumerate(shown):
        middle = _top(n) + BAR / 2
        total = sum(numbers_in(rows, column))
        note = f"{number(round(total - margin_kw, 2))} too much"
        if column == "load_kw" and _defaulters(rows):
            note = ", ".join(f"{r['station']}: {_excess(r):.1f} over" for r in _defaulters(rows))
        elif total <= margin_kw + LEAST:
            note = ""
        names.append({"_y": middle, "_t": name})
        sums.append({"_y": middle - 8 * bool(note), "_t": f"{number(round(total, 2))} kW"})
        notes += [{"_y": middle + 8, "_t": note}] * bool(note)
    yield captions(names, -8, down(height), align="right")
    yield captions(sums, width + 10, down(height), weight="bold")
    yield captions(notes, width + 10, down(height))


# --- the bills ------------------------------------------------------------------------


LEAST_REACH = 100.0
"""The axis of the bills is no shorter than this [token]."""

BELOW = 6
"""Room below the deepest bill [pixel]; above the highest there is as much as its words take."""


def bills(rows: Rows, *, selected: str = "", width: int = 540, height: int = 140) -> Picture:
    """What each station pays in the auction (up) or receives (down), and its penalty, which is
    barred.

    Raises ``ValueError`` if there are no rows, or no such station.
    """
    _selected(rows, selected)
    tops = [max(row["payment_tokens"], 0) + row["penalty_tokens"] for row in rows]
    lows = [min(row["payment_tokens"], 0) for row in rows]
    above = 34 if any(row["penalty_tokens"] for row in rows) else 19
    reach = max(max(tops) - min(lows), LEAST_REACH) / (height - above - BELOW)
    low, high = min(lows) - BELOW * reach, max(tops) + above * reach
    if not any(tops) and not any(lows):
        low, high = -LEAST_REACH, LEAST_REACH
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(title="Tokens", tickCount=4),
    )
    step = width / len(rows)
    table, bars, lines, marks = [], [], [], []
    for n, row in enumerate(rows):
        station, paid, fined = (row[c] for c in ("station", "payment_tokens", "penalty_tokens"))
        left, right = step * (n + 0.2), step * (n + 0.8)
        said = f"{station} {_paid(paid)}" + (f", penalty {number(fined)}" if fined else "")
        table.append({"station": station, "payment": paid, "penalty": fined})
        bars.append(
            {"_x": left, "_x2": right, "_y": min(paid, 0), "_y2": max(paid, 0), "_said": said}
        )
        base = max(paid, 0)
        if fined:
            lines.append({"_x": left, "_x2": right, "_y": base, "_y2": base + fined})
        spot = {"_x": step * (n + 0.5), "_y": base + fined}
        marks.append({**spot, "_t": signed(paid), "_up": 2 if fined else 1})
        if fined:
            marks.append({**spot, "_t": f"+ {number(round(fined, 1))}", "_up": 1})
    return theme.layered(
        [
            *_bill_bars(bars, y, width),
            *_bill_fines(lines, y, width, height / (high - low)),
            place(
                alt.Chart(inline([{"_y": 0}])).mark_rule(stroke=theme.INK, aria=False),
                x=0,
                x2=width,
                y=y,
            ),
            *_bill_words(marks, y, width),
            *_bill_names(rows, selected, step, width, height),
        ],
        table,
        "Who pays for more",
        "Up: pays in the auction; down: receives; barred: penalty",
        "Payments in the auction and penalties [token]: "
        + "; ".join(bar["_said"] for bar in bars)
        + ".",
        width=width,
        height=height,
    )


def _paid(amount: float) -> str:
    if not amount:
        return "pays nothing"
    return f"{'pays' if amount > 0 else 'receives'} {number(abs(amount))}"


def _bill_bars(bars: Rows, y: alt.Y, width: int) -> Iterator[alt.Chart]:
    for fill, some in (
        (BUYS, [bar for bar in bars if bar["_y2"] > 0]),
        (SELLS, [bar for bar in bars if bar["_y"] < 0]),
        (NEITHER, [bar for bar in bars if bar["_y"] == bar["_y2"]]),
    ):
        if some:
            mark = alt.Chart(inline(some)).mark_rect(fill=fill, stroke=theme.INK, strokeWidth=0.7)
            yield spoken_boxes(mark, across(width), y)


def _bill_fines(fines: Rows, y: alt.Y, width: int, scale: float) -> Iterator[alt.Chart]:
    if fines:
        base = alt.Chart(inline(fines)).mark_rect(fill="white", stroke=theme.INK, aria=False)
        yield place(base, x=across(width), x2=alt.X2("_x2"), y=y, y2=alt.Y2("_y2"))
        lines = [
            {"_x": fine["_x"], "_x2": fine["_x2"], "_y": at}
            for fine in fines
            for at in evenly(fine["_y"], fine["_y2"], apart=6 / scale)
        ]
        rule = alt.Chart(inline(lines)).mark_rule(stroke=PENALTY, strokeWidth=2.5, aria=False)
        yield place(rule, x=across(width), x2=alt.X2("_x2"), y=y)


def _bill_words(marks: Rows, y: alt.Y, width: int) -> Iterator[alt.Chart]:
    for up in (1, 2):
        some = [mark for mark in marks if mark["_up"] == up]
        if some:
            words = alt.Chart(inline(some)).mark_text(
                dy=6 - 15 * up, fontSize=theme.SMALL, color=theme.INK, aria=False
            )
            yield place(words, x=across(width), y=y, text=alt.Text("_t:N"))


def _bill_names(
    rows: Rows, selected: str, step: float, width: int, height: int
) -> Iterator[alt.Chart]:
    for here in (False, True):
        names = [
            {"_x": step * (n + 0.5), "_t": f"[ {row['station']} ]" if here else row["station"]}
            for n, row in enumerate(rows)
            if (row["station"] == selected) == here
        ]
        if names:
            yield captions(
                names,
                across(width),
                height + 14,
                align="center",
                weight="bold" if here else "normal",
            )
