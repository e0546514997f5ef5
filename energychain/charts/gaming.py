"""
What an inflated baseline brings, in pictures: by rule and inflation, and by rule and incentive.

Rows are dictionaries, as :mod:`energychain.studies.baseline_gaming` gives them: money in euros.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.demand_response import MISSING, Rows
from energychain.charts.marks import (
    across,
    captions,
    down,
    drawable,
    euros,
    inline,
    place,
    spoken,
    spoken_boxes,
    spread,
)
from energychain.charts.theme import Picture

# --- by inflation ---------------------------------------------------------------------


def gaming(rows: Rows, *, width: int = 430, height: int = 340) -> Picture:
    """What an inflated baseline brings by each rule: the best of all strategies, as the mean of
    all homes and seasons. Above the line at nothing, cheating pays.

    Rows are those of ``baseline_gaming.records()``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    lines = _best(rows)
    drawn: list[dict[str, Any]] = [
        {"rule": rule, "inflation_percent": percent, "net_gain": gain}
        for rule, line in lines.items()
        for percent, gain in line
    ]
    low, high = (f(float(row["net_gain"]) for row in drawn) for f in (min, max))
    room = 0.06 * (high - low) or 1.0
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[low - room, high + room], nice=False),
        axis=alt.Axis(title="Gained by cheating (euro in a season)", tickCount=7),
    )
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, max(row["inflation_percent"] for row in drawn)], nice=False),
        axis=alt.Axis(title="Inflation (per cent)", tickCount=6),
    )
    stopped = [rule for rule, line in lines.items() if max(gain for _, gain in line) <= 0]
    return theme.layered(
        [
            place(
                alt.Chart(inline([{"_y": 0}])).mark_rule(
                    stroke=theme.INK, strokeWidth=2, aria=False
                ),
                x=0,
                x2=width,
                y=y,
            ),
            *_gain_lines(lines, x, y),
            *_line_names(lines, x, y, width, height, (low - room, high + room)),
        ],
        drawn,
        f"{len(stopped)} of {len(lines)} rules stop the cheat at this price",
        "Above the line at nothing, cheating pays; a home that reduces nothing",
        "What the best cheating brings, by inflation [euro]. "
        + "; ".join(
            f"{rule}: " + ", ".join(f"{gain:+.2f} at {percent} %" for percent, gain in line)
            for rule, line in lines.items()
        )
        + ".",
        width=width,
        height=height,
    )


def _best(rows: Rows) -> dict[str, list[tuple[int, float]]]:
    """The best strategy at each inflation, by rule."""
    cases: dict[tuple[str, int, str], list[float]] = {}
    for row in rows:
        which = (str(row["rule"]), int(row["inflation_percent"]), str(row["strategy"]))
        cases.setdefault(which, []).append(float(row["net_gain"]))
    best: dict[str, dict[int, float]] = {}
    for (rule, percent, _), gains in cases.items():
        own = best.setdefault(rule, {})
        own[percent] = max(own.get(percent, fmean(gains)), fmean(gains))
    return {rule: sorted(own.items()) for rule, own in best.items()}


def _gain_lines(
    lines: Mapping[str, Sequence[tuple[int, float]]], x: alt.X, y: alt.Y
) -> Iterator[alt.Chart]:
    for n, (rule, line) in enumerate(lines.items()):
        colour, dash, shape = theme.node_style(n)
        points = [
            {
                "_x": percent,
                "_y": round(gain, 6),
                "_said": f"{rule}, {percent} %: {euros(gain)}",
            }
            for percent, gain in line
        ]
        base = alt.Chart(inline(points))
        yield place(
            base.mark_line(stroke=colour, strokeWidth=2.2, strokeDash=dash, aria=False), x=x, y=y
        )
        point = base.mark_point(
            shape=shape, size=55, fill=colour, stroke=theme.INK, strokeWidth=0.6, opacity=1
        )
        yield spoken(point, x=x, y=y)


def _line_names(
    lines: Mapping[str, Sequence[tuple[int, float]]],
    x: alt.X,
    y: alt.Y,
    width: int,
    height: int,
    domain: tuple[float, float],
) -> Iterator[alt.Chart]:
    """The name of each rule where its line ends, moved apart, with a leader and its marker."""
    low, high = domain
    ends = [height * (high - line[-1][1]) / (high - low) for line in lines.values()]
    places = spread(ends, 18, 0, height)
    for n, (rule, line) in enumerate(lines.items()):
        colour, _, shape = theme.node_style(n)
        one = alt.Chart(inline([{"_": 0}]))
        leader = one.mark_rule(stroke="#888888", strokeWidth=0.8, aria=False)
        yield place(leader, x=width + 2, x2=width + 20, y=ends[n], y2=places[n])
        marker = one.mark_point(
            shape=shape,
            size=55,
            fill=colour,
            stroke=theme.INK,
            strokeWidth=0.6,
            opacity=1,
            aria=False,
        )
        yield place(marker, x=width + 28, y=places[n])
        holds = max(gain for _, gain in line) <= 0
        mark = one.mark_text(
            align="left",
            baseline="middle",
            fontSize=theme.SMALL,
            fontWeight="bold" if holds else "normal",
            color=theme.INK,
            aria=False,
        )
        words = f"{rule}: stops it" if holds else rule
        yield place(mark, x=width + 38, y=places[n], text=words)


# --- by incentive ---------------------------------------------------------------------

CELL, CELL_HEIGHT = 84, 30
"""One rule at one incentive [pixel]."""


def at_incentives(rows: Rows) -> Picture:
    """Which rule stops the cheat at which incentive: a filled cell says what the best cheating
    still brings; in a hollow one none pays.

    Rows are those of ``baseline_gaming.at_incentives()``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    rules = list(dict.fromkeys(str(row["rule"]) for row in rows))
    incentives = sorted({float(row["incentive"]) for row in rows})
    width, height = CELL * len(incentives), CELL_HEIGHT * len(rules)
    cells: list[dict[str, Any]] = []
    for row in rows:
        left = CELL * incentives.index(float(row["incentive"]))
        top = CELL_HEIGHT * rules.index(str(row["rule"]))
        gain = f"{row['net_gain']:+.2f} €".replace("-", "−")
        verdict = "stops it" if row["stops"] else f"cheating brings {gain}"
        cells.append(
            {
                "_x": left + 2,
                "_x2": left + CELL - 2,
                "_mid": left + CELL / 2,
                "_y": top + 2,
                "_y2": top + CELL_HEIGHT - 2,
                "_middle": top + CELL_HEIGHT / 2,
                "_stops": bool(row["stops"]),
                "_t": "stops it" if row["stops"] else gain,
                "_said": f"{row['rule']}, {row['incentive']:g} €/kWh: {verdict}",
            }
        )
    always = [r for r in rules if all(row["stops"] for row in rows if row["rule"] == r)]
    return theme.layered(
        [
            *_cells(cells, width, height),
            *(
                captions(
                    [{"_y": CELL_HEIGHT * (n + 0.5), "_t": rule}],
                    -8,
                    down(height),
                    align="right",
                    weight="bold" if rule in always else "normal",
                )
                for n, rule in enumerate(rules)
            ),
            captions(
                [
                    {"_x": CELL * (n + 0.5), "_t": f"{incentive:g} €/kWh"}
                    for n, incentive in enumerate(incentives)
                ],
                across(width),
                -12,
                align="center",
                weight="bold",
            ),
        ],
        rows,
        f"{len(always)} of {len(rules)} rules stop the cheat at every incentive",
        "Filled: what the best inflation brings a home in a season",
        "Which rule stops an inflated baseline. " + "; ".join(c["_said"] for c in cells) + ".",
        width=width,
        height=height,
    )


def _cells(cells: Rows, width: int, height: int) -> Iterator[alt.Chart]:
    for stops, fill in ((False, MISSING), (True, "white")):
        some = [cell for cell in cells if cell["_stops"] == stops]
        if some:
            mark = alt.Chart(inline(some)).mark_rect(fill=fill, stroke="#666666", strokeWidth=0.8)
            yield spoken_boxes(mark, across(width), down(height))
    middle = across(width)
    middle.shorthand = "_mid:Q"
    words = alt.Chart(inline(cells)).mark_text(
        baseline="middle", fontSize=theme.SMALL, color=theme.INK, aria=False
    )
    yield place(words, x=middle, y=down(height, "_middle"), text=alt.Text("_t:N"))
