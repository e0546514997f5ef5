"""
The published table of a charging evening under audit, in pictures: which margin its quotas fit,
and its printed payments beside computed ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.charging_quota import BUYS, LEAST, SELLS, Row, Rows
from energychain.charts.marks import (
    Align,
    Weight,
    caption,
    down,
    drawable,
    inline,
    number,
    numbers_in,
    place,
    signed,
    spoken_boxes,
)
from energychain.charts.theme import Picture

WRONG = theme.OKABE_ITO["vermillion"]


# --- the margin -----------------------------------------------------------------------


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


# --- the payments ---------------------------------------------------------------------

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
    printed, computed = (round(sum(numbers_in(rows, name)), 6) for name in ("printed", "computed"))
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
        words = signed(row[name])
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
