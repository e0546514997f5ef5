"""
How far baselines err, in a picture: each rule for each home, beside the reduction that is asked
for.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.demand_response import Rows
from energychain.charts.marks import captions, down, drawable, inline, place, spoken
from energychain.charts.theme import Picture

ERROR_ROW, ERROR_GAP = 17, 12
"""The room of one home, and between two rules [pixel]."""


def baseline_errors(rows: Rows, *, asked_percent: int = 30, width: int = 440) -> Picture:
    """How far each rule errs for each home, in per cent of what the home uses: a mark at the
    mean error, and a bar one standard deviation to each side. The grey strip is as wide as the
    reduction that is asked for.

    Rows have ``rule``, ``home``, ``mean_kwh``, ``bias_kwh`` and ``rmse_kwh``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    rules = list(dict.fromkeys(str(row["rule"]) for row in rows))
    homes = list(dict.fromkeys(str(row["home"]) for row in rows))
    marks: list[dict[str, Any]] = []
    for row in rows:
        bias, rmse = (100 * row[f"{name}_kwh"] / row["mean_kwh"] for name in ("bias", "rmse"))
        spread_ = max(rmse**2 - bias**2, 0.0) ** 0.5
        rule, home = rules.index(str(row["rule"])), homes.index(str(row["home"]))
        marks.append(
            {
                "_x": round(bias - spread_, 6),
                "_x2": round(bias + spread_, 6),
                "_middle": round(bias, 6),
                "_y": _error_top(rule, len(homes)) + ERROR_ROW * (home + 0.5),
                "_home": home,
                "_t": str(row["home"]),
                "_beyond": rmse > asked_percent,
                "_said": f"{row['rule']}, {row['home']}: mean error {bias:+.0f} %,"
                f" root mean square {rmse:.0f} %",
            }
        )
    height = _error_top(len(rules), len(homes)) - ERROR_GAP
    reach = 1.05 * max(abs(mark[end]) for mark in marks for end in ("_x", "_x2"))
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[-reach, reach], nice=False),
        axis=alt.Axis(title="Baseline minus use (per cent of the use)", tickCount=7),
    )
    beyond = sum(mark["_beyond"] for mark in marks)
    every = "every rule, for every home" if beyond == len(marks) else f"{beyond} of {len(marks)}"
    return theme.layered(
        [
            *_strip(asked_percent, x),
            *_whiskers(marks, homes, x, height),
            *(
                captions(
                    [
                        {
                            "_y": _error_top(n, len(homes)) + ERROR_ROW * len(homes) / 2,
                            "_t": rule.replace("_", " "),
                        }
                    ],
                    -52,
                    down(height),
                    align="right",
                    weight="bold",
                )
                for n, rule in enumerate(rules)
            ),
            captions(marks, -8, down(height), align="right"),
        ],
        [
            {name: row[name] for name in ("rule", "home", "mean_kwh", "bias_kwh", "rmse_kwh")}
            for row in rows
        ],
        f"Errors above the {asked_percent} % that are asked: {every}",
        f"Mark: mean error; bar: one standard deviation; strip: {asked_percent} % either way",
        "How far baselines are from what homes used, in per cent of the use. "
        + "; ".join(mark["_said"] for mark in marks)
        + ".",
        width=width,
        height=height,
    )


def _error_top(rule: int, homes: int) -> int:
    return rule * (ERROR_ROW * homes + ERROR_GAP)


def _strip(percent: int, x: alt.X) -> Iterator[alt.Chart]:
    base = alt.Chart(inline([{"_x": -percent, "_x2": percent}]))
    strip = base.mark_rect(fill="#e8e8e8", stroke="#999999", strokeDash=[4, 3], aria=False)
    yield place(strip, x=x, x2=alt.X2("_x2"), y=0, y2="height")
    zero = alt.Chart(inline([{"_x": 0}])).mark_rule(stroke=theme.INK, aria=False)
    yield place(zero, x=x, y=0, y2="height")


def _whiskers(marks: Rows, homes: Sequence[str], x: alt.X, height: int) -> Iterator[alt.Chart]:
    middle: alt.X = x.copy()
    middle.shorthand = "_middle:Q"
    for n in range(len(homes)):
        colour, _, shape = theme.node_style(n)
        some = [mark for mark in marks if mark["_home"] == n]
        base = alt.Chart(inline(some))
        rule = base.mark_rule(stroke=colour, strokeWidth=3, aria=False)
        yield place(rule, x=x, x2=alt.X2("_x2"), y=down(height))
        point = base.mark_point(
            shape=shape, size=70, fill=colour, stroke=theme.INK, strokeWidth=0.7, opacity=1
        )
        yield spoken(point, x=middle, y=down(height))
