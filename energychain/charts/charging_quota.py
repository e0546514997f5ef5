"""
Charging stations below one transformer, in pictures: how its margin is shared and traded,
what the stations pay, printed payments beside computed ones, and a month of half-hours.

The evening's functions take rows as ``Evening.records()`` gives them: dictionaries with
``station``, ``demand_kw``, ``initial_kw``, ``quota_kw``, ``load_kw``, ``traded_kwh``,
``payment_tokens`` and ``penalty_tokens``. The month's take ``Month.records()`` and
``Month.table()``.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import (
    AREA,
    BARS,
    Align,
    Weight,
    across,
    caption,
    captions,
    down,
    drawable,
    inline,
    key,
    place,
    spoken_boxes,
)
from energychain.charts.merit_order import number
from energychain.charts.theme import Picture

Row = Mapping[str, Any]
Rows = Sequence[Row]

BUYS = theme.OKABE_ITO["sky blue"]
SELLS = theme.OKABE_ITO["orange"]
NEITHER = "#dddddd"
PENALTY = theme.OKABE_ITO["vermillion"]
WRONG = theme.OKABE_ITO["vermillion"]

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
    most = max(margin_kw, *(_sum(rows, column) for _, column in shown))
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
        + f"; in all {_sum(rows, column):.2f} kW"
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


def _sum(rows: Rows, column: str) -> float:
    return sum(float(row[column]) for row in rows)


def _excess(row: Row) -> float:
    """Power beyond the quota [kW]; only what was fined, for without quotas nothing is beyond."""
    return max(row["load_kw"] - row["quota_kw"], 0.0) if row["penalty_tokens"] else 0.0


def _defaulters(rows: Rows) -> list[Row]:
    return [row for row in rows if _excess(row)]


def _balance(rows: Rows, margin_kw: float, charged: bool) -> str:
    demand, load = _sum(rows, "demand_kw"), _sum(rows, "load_kw")
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
            for at in _even(piece["_x"], piece["_x2"])
        ]
        base = alt.Chart(inline(over)).mark_rect(fill="white", stroke=theme.INK, aria=False)
        yield place(base, x=x, x2=alt.X2("_x2"), y=down(height), y2=alt.Y2("_y2"))
        rule = alt.Chart(inline(lines)).mark_rule(stroke=PENALTY, strokeWidth=2.5, aria=False)
        yield place(rule, x=x, y=down(height), y2=alt.Y2("_y2"))


def _even(start: float, end: float, apart: float = 3.0) -> list[float]:
    count = max(1, round((end - start) / apart))
    return [round(start + (end - start) * (n + 0.5) / count, 6) for n in range(count)]


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
        total = _sum(rows, column)
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
        marks.append({**spot, "_t": _signed(paid), "_up": 2 if fined else 1})
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


def _signed(amount: float) -> str:
    return number(amount).replace("-", "−")


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
            for at in _even(fine["_y"], fine["_y2"], apart=6 / scale)
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


# --- the audit ------------------------------------------------------------------------


def margin_scan(
    rows: Rows,
    named: Mapping[float, str] | None = None,
    *,
    width: int = 540,
    height: int = 220,
) -> Picture:
    """How far the printed quotas are from those that a margin would give: the widest gap for
    each margin tried, and the margin that fits best.

    Rows have ``margin_kw`` and ``gap_kw``; ``named`` are margins to mark, with a word.

    Raises ``ValueError`` if there are no rows, or a named margin is not among them.
    """
    drawable(rows)
    gaps = {float(row["margin_kw"]): float(row["gap_kw"]) for row in rows}
    best = min(gaps, key=lambda margin: gaps[margin])
    marked = {best: "fits best", **{float(m): word for m, word in (named or {}).items()}}
    missing = [margin for margin in marked if margin not in gaps]
    if missing:
        raise ValueError(f"a margin of {number(missing[0])} kW was not tried")
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[min(gaps), max(gaps)], nice=False),
        axis=alt.Axis(title="Margin tried (kW)", tickCount=9),
    )
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[0, 1.1 * max(gaps.values()) or 1], nice=False),
        axis=alt.Axis(title="Widest gap to a printed quota (kW)", tickCount=6),
    )
    points = [{"_x": margin, "_y": gap} for margin, gap in gaps.items()]
    spots: list[dict[str, Any]] = [
        {
            "_x": margin,
            "_y": gaps[margin],
            "_t": f"{number(margin)}, {word}: {gaps[margin]:.3f} kW",
        }
        for margin, word in marked.items()
    ]
    base = alt.Chart(inline(spots))
    return theme.layered(
        [
            place(
                alt.Chart(inline(points)).mark_line(
                    stroke=theme.CONSUMPTION, strokeWidth=2.5, aria=False
                ),
                x=x,
                y=y,
            ),
            place(
                base.mark_point(
                    shape="diamond", size=130, fill=theme.INK, stroke="white", opacity=1
                ),
                x=x,
                y=y,
                description=alt.Description("_t:N"),
            ),
            *_scan_words(spots, best, x, y),
        ],
        [dict(row) for row in rows],
        "Which margin did the tables use?",
        "For each margin: how far the worst of the printed quotas is off",
        f"The widest gap to a printed quota for {len(gaps)} margins from {number(min(gaps))} to"
        f" {number(max(gaps))} kW. Marked: " + "; ".join(spot["_t"] for spot in spots) + ".",
        width=width,
        height=height,
    )


def _scan_words(spots: Rows, best: float, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """Below the curve to its right; for the best margin, between its two branches."""
    for spot in spots:
        base, inside = alt.Chart(inline([spot])), spot["_x"] == best
        words = base.mark_text(
            align="center" if inside else "left",
            dx=0 if inside else 12,
            dy=-64 if inside else 9,
            fontSize=theme.SMALL,
            fontWeight="bold",
            color=theme.INK,
            aria=False,
        )
        yield place(words, x=x, y=y, text=alt.Text("_t:N"))
        if inside:
            leader = base.mark_rule(stroke="#888888", yOffset=-8, y2Offset=-56, aria=False)
            yield place(leader, x=x, y=y, y2=alt.Y2("_y"))


LINE_HEIGHT = 30
COLUMNS = {"station": 4, "printed": 140, "computed": 235, "verdict": 262}
"""Where the columns of numbers end, and those of words begin [pixel]."""

NUMBERS, BARS_WIDTH = 390, 250
"""Room for the columns, and for the bars beside them [pixel]."""


def settlement(rows: Rows) -> Picture:
    """Printed payments beside computed ones, with their sums. A cell that differs is framed,
    crossed and said to be wrong; in the plot a circle is what is printed, and the end of the
    bar what is computed.

    Rows have ``station``, ``printed`` and ``computed`` [token].

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    printed, computed = (round(_sum(rows, name), 6) for name in ("printed", "computed"))
    wrong = [row for row in rows if _differs(row)]
    height = LINE_HEIGHT * (len(rows) + 1) + 6
    values = [float(row[name]) for row in rows for name in ("printed", "computed")]
    room = 0.08 * (max(values) - min(values)) or 1.0
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[min(values) - room, max(values) + room], nice=False),
        axis=alt.Axis(title="Payment (token); left of 0: income", tickCount=5),
    )
    layers = [*_bars_beside(rows, x)]
    for n, row in enumerate(rows):
        layers += _line(row, LINE_HEIGHT * (n + 0.5), "bold" if _differs(row) else "normal")
    sums = {"station": "sum", "printed": printed, "computed": computed}
    layers += [
        *_line(sums, LINE_HEIGHT * (len(rows) + 0.5) + 6, "bold"),
        place(
            alt.Chart(inline([{"_": 0}])).mark_rule(stroke=theme.INK, aria=False),
            x=-NUMBERS,
            x2=-14,
            y=LINE_HEIGHT * len(rows) + 3,
        ),
        *(
            caption(name, COLUMNS[name] - NUMBERS, -14, align=align, weight="bold")
            for name, align in _HEADINGS
        ),
    ]
    words = [
        f"{row['station']}: printed {number(row['printed'])}, computed {number(row['computed'])}"
        + (", which differs" if _differs(row) else "")
        for row in rows
    ]
    told = f"{len(wrong)} of {len(rows)} cells differ" if wrong else "All cells agree"
    return theme.layered(
        layers,
        [{name: row[name] for name in ("station", "printed", "computed")} for row in rows],
        "What buyers pay, sellers receive",
        "Bar: computed; circle: printed, crossed out where it differs",
        f"Payments in the auction [token]. {'; '.join(words)}. {told}. The printed column adds up"
        f" to {number(printed)}, the computed one to {number(computed)}.",
        width=BARS_WIDTH,
        height=height,
    )


_HEADINGS: Sequence[tuple[str, Align]] = (
    ("station", "left"),
    ("printed", "right"),
    ("computed", "right"),
)


def _differs(row: Row) -> bool:
    return abs(float(row["printed"]) - float(row["computed"])) > LEAST


def _line(row: Row, middle: float, weight: Weight) -> Iterator[alt.Chart]:
    """One line of the table: names and numbers, and the frame and verdict of a wrong cell."""
    yield caption(str(row["station"]), COLUMNS["station"] - NUMBERS, middle, weight=weight)
    for name in ("printed", "computed"):
        words = _signed(row[name])
        yield caption(words, COLUMNS[name] - NUMBERS, middle, align="right", weight=weight)
    if _differs(row):
        frame = alt.Chart(inline([{"_": 0}])).mark_rect(
            fill=None, stroke=WRONG, strokeWidth=2.5, aria=False
        )
        right = COLUMNS["printed"] - NUMBERS + 8
        yield place(frame, x=right - 66, x2=right, y=middle - 12, y2=middle + 12)
        left = COLUMNS["verdict"] - NUMBERS
        yield from _cross(left, middle)
        verdict = "is not 0" if row["station"] == "sum" else "wrong"
        yield caption(verdict, left + 13, middle, weight="bold")


def _cross(x: float, y: float) -> Iterator[alt.Chart]:
    cross = alt.Chart(inline([{"_": 0}])).mark_point(
        shape="cross", angle=45, size=90, fill=WRONG, stroke=WRONG, opacity=1, aria=False
    )
    yield place(cross, x=x, y=y)


def _bars_beside(rows: Rows, x: alt.X) -> Iterator[alt.Chart]:
    height = LINE_HEIGHT * (len(rows) + 1) + 6
    bars, circles, links = [], [], []
    for n, row in enumerate(rows):
        middle = LINE_HEIGHT * (n + 0.5)
        paid, said = float(row["computed"]), float(row["printed"])
        bars.append(
            {
                "_x": min(paid, 0.0),
                "_x2": max(paid, 0.0),
                "_y": middle - 8,
                "_y2": middle + 8,
                "_said": f"{row['station']}: printed {number(said)}, computed {number(paid)}",
                "_buys": paid > 0,
            }
        )
        circles.append({"_x": said, "_y": middle, "_wrong": _differs(row)})
        if _differs(row):
            links.append({"_x": said, "_x2": paid, "_y": middle})
    for fill, buys in ((BUYS, True), (SELLS, False)):
        some = [bar for bar in bars if bar["_buys"] == buys]
        if some:
            mark = alt.Chart(inline(some)).mark_rect(fill=fill, stroke=theme.INK, strokeWidth=0.7)
            yield spoken_boxes(mark, x, down(height))
    zero = alt.Chart(inline([{"_x": 0}])).mark_rule(stroke=theme.INK, aria=False)
    yield place(zero, x=x, y=0, y2=LINE_HEIGHT * len(rows))
    if links:
        link = alt.Chart(inline(links)).mark_rule(
            stroke=WRONG, strokeWidth=2.5, strokeDash=[4, 3], aria=False
        )
        yield place(link, x=x, x2=alt.X2("_x2"), y=down(height))
    spots = alt.Chart(inline(circles)).mark_point(
        shape="circle", size=80, fill="white", stroke=theme.INK, opacity=1, aria=False
    )
    yield place(spots, x=x, y=down(height))
    wrong = [circle for circle in circles if circle["_wrong"]]
    if wrong:
        cross = alt.Chart(inline(wrong)).mark_point(
            shape="cross", angle=45, size=150, fill=WRONG, stroke=WRONG, opacity=1, aria=False
        )
        yield place(cross, x=x, y=down(height))


# --- the month ------------------------------------------------------------------------


def month(rows: Rows, *, width: int = 600, height: int = 300) -> Picture:
    """A month at a glance: days from left to right, hours from top to bottom. A square is a
    half-hour in which the transformer was too small; the larger the circle in it, the more
    quota was traded.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    days = sorted(datetime.fromisoformat(row["time"]).date() for row in rows)
    scarce = [row for row in rows if row["demand_kw"] - row["allocated_kw"] > 1e-3]
    cells = [_cell(row, days[0]) for row in scarce]
    return theme.layered(
        list(_calendar(cells, days[0], (days[-1] - days[0]).days + 1, (width, height))),
        [{name: row[name] for name in _MONTH_COLUMNS} for row in scarce],
        "When the transformer is too small",
        "Square: a half-hour with too little; circle: quota traded in it, by area",
        f"A calendar from {_date(days[0])} to {_date(days[-1])}: {len(scarce)} of {len(rows)}"
        f" half-hours are scarce.{_traded(scarce)}",
        width=width,
        height=height,
    )


_MONTH_COLUMNS = ("time", "demand_kw", "allocated_kw", "traded_kw")


def _traded(scarce: Rows) -> str:
    some = [row for row in scarce if row["traded_kw"]]
    if not some:
        return " Nothing is traded."
    most = max(some, key=lambda row: row["traded_kw"])
    when = datetime.fromisoformat(most["time"])
    return (
        f" In {len(some)} of them quota is traded, {_sum(some, 'traded_kw') / 2:.1f} kWh in all;"
        f" most in the half-hour that begins at {when:%H:%M} on {_date(when)}:"
        f" {most['traded_kw']:.1f} kW."
    )


def _calendar(cells: Rows, first: date, days: int, size: tuple[int, int]) -> Iterator[alt.Chart]:
    top, foot = (int(min(c["_y"] for c in cells)), _ceil(cells)) if cells else (0, 24)
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, days], nice=False),
        axis=alt.Axis(
            title=f"Day, from {_date(first)} {first.year}",
            values=[n + 0.5 for n in range(0, days, 2)],
            labelExpr=_day_labels(first, days),
            grid=False,
        ),
    )
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[foot, top], nice=False, zero=False),
        axis=alt.Axis(
            title="Hour of the day",
            values=list(range(top, foot + 1, 1 if foot - top <= 14 else 3)),
            labelExpr="datum.value + ':00'",
            grid=False,
        ),
    )
    middle, level = x.copy(), y.copy()
    middle.shorthand, level.shorthand = "_middle:Q", "_level:Q"
    square = alt.Chart(inline(cells)).mark_rect(fill="#eeeeee", stroke="#555555", strokeWidth=0.8)
    yield spoken_boxes(square, x, y)
    traded = [cell for cell in cells if cell["_kw"]]
    if traded:
        room = min(size[0] / days, size[1] / (2 * (foot - top)))
        sizes = alt.Scale(domain=[0, max(c["_kw"] for c in traded)], range=[0, 0.78 * room**2])
        circle = alt.Chart(inline(traded)).mark_point(
            shape="circle", fill=theme.OKABE_ITO["blue"], strokeWidth=0, opacity=1, aria=False
        )
        area = alt.Size("_kw:Q", scale=sizes, legend=None)
        yield place(circle, x=middle, y=level, size=area)


def _ceil(cells: Rows) -> int:
    return -int(-max(cell["_y2"] for cell in cells) // 1)


def _cell(row: Row, first: date) -> dict[str, Any]:
    time = datetime.fromisoformat(row["time"])
    day, hour = (time.date() - first).days, time.hour + time.minute / 60
    return {
        "_x": day,
        "_x2": day + 1,
        "_middle": day + 0.5,
        "_y": hour,
        "_y2": hour + 0.5,
        "_level": hour + 0.25,
        "_kw": row["traded_kw"],
        "_said": f"{_date(time)}, {time:%H:%M}: {row['demand_kw'] - row['allocated_kw']:.1f} kW"
        f" short, {row['traded_kw']:.1f} kW traded",
    }


def _date(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _day_labels(first: date, days: int) -> str:
    """The day of the month at each tick."""
    numbers = ", ".join(f"'{(first + timedelta(n)).day}'" for n in range(days))
    return f"[{numbers}][floor(datum.value)]"


POLICY_ROW, POLICY_BAR = 60, 20
"""Of each policy, and of each of its two bars [pixel]."""


def policies(rows: Rows, *, width: int = 480) -> Picture:
    """What cars got in the month under each policy, and what was still missing when their
    drivers wanted to leave, which is barred.

    Rows have ``policy``, ``delivered_kwh`` and ``late_kwh``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    most = max(float(row[column]) for row in rows for column, _ in _AMOUNTS)
    height = POLICY_ROW * len(rows)
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, 1.02 * most or 1], nice=False),
        axis=alt.Axis(title="Energy in the month (kWh)", tickCount=6),
    )
    bars: list[dict[str, Any]] = [
        {
            "_x": 0.0,
            "_x2": float(row[column]),
            "_y": POLICY_ROW * n + 8 + lower,
            "_y2": POLICY_ROW * n + 8 + lower + POLICY_BAR,
            "_late": column == "late_kwh",
            "_said": f"{row['policy']}: {float(row[column]):.1f} kWh {column.split('_')[0]}",
        }
        for n, row in enumerate(rows)
        for column, lower in _AMOUNTS
    ]
    said = "; ".join(bar["_said"] for bar in bars)
    return theme.layered(
        [
            *_policy_bars(bars, x, height, 8 * most / width),
            *(
                caption(f"{bar['_x2']:,.0f} kWh", width + 10, bar["_y"] + POLICY_BAR / 2)
                for bar in bars
            ),
            *(
                caption(
                    str(row["policy"]), -8, POLICY_ROW * (n + 0.5), align="right", weight="bold"
                )
                for n, row in enumerate(rows)
            ),
            *key([("delivered", AREA, BUYS, ()), ("late", BARS, PENALTY, ())], width=width),
        ],
        [{name: row[name] for name in ("policy", "delivered_kwh", "late_kwh")} for row in rows],
        "What the cars got",
        "Late: still missing when a driver wanted to leave",
        f"Energy in the month under {len(rows)} policies. {said}.",
        width=width,
        height=height,
    )


_AMOUNTS = (("delivered_kwh", 0), ("late_kwh", POLICY_BAR + 4))
"""The bars of a policy, and how far down each begins [pixel]."""


def _policy_bars(bars: Rows, x: alt.X, height: int, apart: float) -> Iterator[alt.Chart]:
    for late in (False, True):
        some = [bar for bar in bars if bar["_late"] == late]
        mark = alt.Chart(inline(some)).mark_rect(
            fill="white" if late else BUYS, stroke=theme.INK, strokeWidth=0.7
        )
        yield spoken_boxes(mark, x, down(height))
    lines = [
        {"_x": at, "_y": bar["_y"], "_y2": bar["_y2"]}
        for bar in bars
        if bar["_late"] and bar["_x2"]
        for at in _even(0.0, bar["_x2"], apart)
    ]
    rule = alt.Chart(inline(lines)).mark_rule(stroke=PENALTY, strokeWidth=2.5, aria=False)
    yield place(rule, x=x, y=down(height), y2=alt.Y2("_y2"))
