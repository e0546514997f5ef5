"""
Q-learning in pictures: the table while it fills, and what is earned on the way.

Rows are those of :func:`energychain.agents.q_learning.heat_rows` and
:func:`~energychain.agents.q_learning.learning_curve`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import (
    LINE,
    across,
    down,
    drawable,
    inline,
    key,
    place,
    spoken,
    words,
)
from energychain.charts.theme import Picture

Rows = Sequence[Mapping[str, Any]]

CELL_HEIGHT, WIDTH = 44, 576
"""Of a cell, and of the whole table [pixel]."""

LOW, HIGH = "#ffffff", theme.OKABE_ITO["sky blue"]
"""Colours of an estimate of 0 and of the best one in its row."""

OWN, BAND = theme.OKABE_ITO["vermillion"], theme.OKABE_ITO["blue"]
UNTRIED = "#eeeeee"


def heat_map(
    rows: Rows,
    states: Sequence[str],
    actions: Sequence[str],
    best: Sequence[int] | None = None,
    *,
    action: str = "Action",
    width: int = WIDTH,
) -> Picture:
    """A Q-table: a row for each state, a column for each action, in each cell the estimate;
    the darker, the closer to the highest of its row. The highest is framed: that is what the
    learner does. Cells that were never tried are grey and empty. A star marks the action that
    is truly ``best`` in each state, where that is known.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    height, step = CELL_HEIGHT * len(states), width / len(actions)
    tops = {
        state: max((r["q"] for r in rows if r["state"] == state and r["visits"]), default=0.0)
        for state in range(len(states))
    }
    cells = [_cell(row, tops[row["state"]], step, states, actions) for row in rows]
    x, y = across(width), down(height)
    layers = [_fills(cells, x, y), *_frame(cells, x, y)]
    numbers = [cell for cell in cells if cell["_t"]]
    if numbers:
        layers.append(_small(numbers, x, y))
    if best is not None:
        stars = [
            {"_x": step * (at + 0.5), "_y": CELL_HEIGHT * (state + 0.24), "_t": "★"}
            for state, at in enumerate(best)
        ]
        layers.append(words(stars, x, y, align="center"))
    layers += [
        words(
            [{"_y": CELL_HEIGHT * (n + 0.5), "_t": name} for n, name in enumerate(states)],
            -8,
            y,
            align="right",
        ),
        words(
            [{"_x": step * (n + 0.5), "_t": name} for n, name in enumerate(actions)],
            x,
            height + 13,
            align="center",
            bold=False,
        ),
        words([{"_t": action}], width / 2, height + 33, align="center", bold=False),
    ]
    chosen = {row["state"]: row["action"] for row in rows if row["best"]}
    right = best is not None and [chosen[n] for n in range(len(states))] == list(best)
    told = "; ".join(f"{states[n]}: {actions[at]}" for n, at in sorted(chosen.items()))
    tried = sum(row["visits"] for row in rows)
    stars_told = "" if best is None else "; star: the best response"
    known = (
        ""
        if best is None
        else " That is the best response in every state."
        if right
        else " Best would be "
        + "; ".join(f"{states[n]}: {actions[at]}" for n, at in enumerate(best))
        + "."
    )
    return theme.layered(
        layers,
        [
            {
                "state": states[row["state"]],
                "action": actions[row["action"]],
                "q": round(row["q"], 3),
                "visits": row["visits"],
            }
            for row in rows
        ],
        _title(chosen, best),
        f"Number: what it expects to earn; frame: what it does{stars_told}",
        f"A table of {len(states)} states and {len(actions)} actions after {tried} tries. The"
        f" learner chooses {told}.{known}",
        width=width,
        height=height,
    )


def _title(chosen: Mapping[int, int], best: Sequence[int] | None) -> str:
    if best is None:
        return "What it expects, and what it therefore does"
    right = sum(chosen[state] == at for state, at in enumerate(best))
    if right == len(best):
        return "It has found the best response in every state"
    return f"It has found the best response in {right} of {len(best)} states"


def _cell(
    row: Mapping[str, Any], top: float, step: float, states: Sequence[str], actions: Sequence[str]
) -> dict[str, Any]:
    tried = row["visits"] > 0
    left, upper = step * row["action"], CELL_HEIGHT * row["state"]
    share = max(row["q"], 0.0) / top if tried and top > 0 else 0.0
    said = f"{states[row['state']]}, {actions[row['action']]}: "
    said += f"{row['q']:.2f} after {row['visits']} tries" if tried else "never tried"
    return {
        "_x": left,
        "_x2": left + step,
        "_y": upper,
        "_y2": upper + CELL_HEIGHT,
        "_middle": left + step / 2,
        "_down": upper + 0.66 * CELL_HEIGHT,
        "_fill": _mixed(share) if tried else UNTRIED,
        "_t": f"{row['q']:.0f}".replace("-0", "0") if tried else "",
        "_best": row["best"],
        "_said": said,
    }


def _mixed(share: float) -> str:
    """A colour between :data:`LOW` and :data:`HIGH`; squared, for the best ones lie close."""
    part = min(share, 1.0) ** 2
    pairs = [(int(LOW[i : i + 2], 16), int(HIGH[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def _fills(cells: Rows, x: alt.X, y: alt.Y) -> alt.Chart:
    mark = alt.Chart(inline(cells)).mark_rect(stroke="#cccccc", strokeWidth=0.7)
    return spoken(
        mark,
        x=x,
        x2=alt.X2("_x2"),
        y=y,
        y2=alt.Y2("_y2"),
        fill=alt.Fill("_fill:N", scale=None),
    )


def _frame(cells: Rows, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    chosen = [cell for cell in cells if cell["_best"]]
    mark = alt.Chart(inline(chosen)).mark_rect(
        fill=None, stroke=theme.INK, strokeWidth=3, aria=False
    )
    return [place(mark, x=x, x2=alt.X2("_x2"), y=y, y2=alt.Y2("_y2"))]


def _small(cells: Rows, x: alt.X, y: alt.Y) -> alt.Chart:
    spots = [{"_x": c["_middle"], "_y": c["_down"], "_t": c["_t"]} for c in cells]
    return words(spots, x, y, align="center", bold=False)


# --- learning curves ------------------------------------------------------------------


def learning_curve(
    rows: Rows,
    *,
    known: float | None = None,
    own: Rows = (),
    episode: int | None = None,
    unit: str = "money",
    learners: int | None = None,
    width: int = WIDTH,
    height: int = 190,
) -> Picture:
    """What is earned in an episode, on average over learners, with the band in which that mean
    lies with 95 % confidence.

    ``known`` is what the best response earns; ``own`` are rows with ``episode`` and ``worth``,
    what one learner would earn if it stopped exploring; ``episode`` marks a place.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    end = max(row["episode"] for row in rows)
    values = [
        row[name] for row in rows for name in ("mean", "low", "high") if row[name] is not None
    ]
    values += [row["worth"] for row in own] + ([known] if known is not None else [])
    x = alt.X(
        "episode:Q",
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(title="Episode", tickCount=8),
    )
    low, high = min(0.0, *values), max(values)
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[low, low + 1.15 * (high - low) or 1], nice=False),
        axis=alt.Axis(title=f"Earned in an episode ({unit})", tickCount=5),
    )
    layers = [
        *_band(rows, x, y),
        place(
            alt.Chart(inline([{**row, "_y": row["mean"]} for row in rows])).mark_line(
                stroke=BAND, strokeWidth=2.5, aria=False
            ),
            x=x,
            y=y,
        ),
        *_known(known, y, width),
        *_own(own, x, y),
        *_episode(episode, x, height),
        *key(
            [
                ("while learning, mean and 95 % band", LINE, BAND, (1, 0)),
                *([("this learner, if it stopped exploring", LINE, OWN, (5, 3))] if own else ()),
            ],
            width=width,
        ),
    ]
    last = rows[-1]
    of = f" of {learners} learners" if learners else ""
    sure = "" if last["high"] is None else f" ± {last['high'] - last['mean']:.1f}"
    best = "" if known is None else f"; the best response earns {known:.1f}"
    return theme.layered(
        layers,
        [{name: row[name] for name in ("episode", "mean", "low", "high")} for row in rows],
        f"In the end {last['mean']:.1f}{sure} {unit} an episode{best}",
        f"Mean{of}, and the band in which it lies with 95 % confidence",
        f"Learning curve{of} over {end} episodes: from {rows[0]['mean']:.1f} to"
        f" {last['mean']:.1f} {unit} an episode"
        + ("" if last["low"] is None else f", band from {last['low']:.1f} to {last['high']:.1f}")
        + f"{best}."
        + (f" This learner, without exploring: {own[-1]['worth']:.1f}." if own else "")
        + ("" if episode is None else f" Marked: episode {episode}."),
        width=width,
        height=height,
    )


def _band(rows: Rows, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    sure = [{**row, "_y": row["low"], "_y2": row["high"]} for row in rows if row["low"] is not None]
    if not sure:
        return []
    mark = alt.Chart(inline(sure)).mark_area(fill=BAND, opacity=0.25, aria=False)
    return [place(mark, x=x, y=y, y2=alt.Y2("_y2"))]


def _known(known: float | None, y: alt.Y, width: int) -> list[alt.Chart]:
    if known is None:
        return []
    base = alt.Chart(inline([{"_y": known}]))
    rule = base.mark_rule(stroke=theme.INK, strokeWidth=2, strokeDash=[2, 2], aria=False)
    name = [{"_y": known, "_t": f"best response: {known:.1f}"}]
    labels = [words(name, 4, y, up=9, halo=halo) for halo in (True, False)]
    return [place(rule, x=0, x2=width, y=y), *labels]


def _own(own: Rows, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    if not own:
        return []
    base = alt.Chart(inline([{"episode": row["episode"], "_y": row["worth"]} for row in own]))
    line = base.mark_line(
        stroke=OWN, strokeWidth=2.5, strokeDash=[5, 3], interpolate="step-after", aria=False
    )
    return [place(line, x=x, y=y)]


def _episode(episode: int | None, x: alt.X, height: int) -> list[alt.Chart]:
    if episode is None:
        return []
    base = alt.Chart(inline([{"episode": episode}]))
    rule = base.mark_rule(stroke=theme.SELECTED, strokeWidth=2, strokeDash=[3, 2], aria=False)
    return [place(rule, x=x, y=0, y2=height)]
