"""
Many days in pictures: how well the price follows demand through the year, and how high the peak
of each day is at several participations.
"""

from datetime import date
from statistics import median

import altair as alt

from energychain.charts import theme
from energychain.charts.intervals import MONTHS, Rows
from energychain.charts.load_shifting import AFTER, BEFORE
from energychain.charts.marks import across, drawable, inline, numbers_in, place, spoken, words
from energychain.charts.theme import Picture


def through_the_year(rows: Rows, *, width: int = 520, height: int = 200) -> Picture:
    """How well the price follows demand on many days: rows with ``day`` (ISO 8601) and
    ``correlation``.

    Raises ``ValueError`` if there are no rows.
    """
    own = [
        {
            "day": row["day"],
            "correlation": row["correlation"],
            "_x": date.fromisoformat(row["day"]).timetuple().tm_yday - 1,
            "_said": f"{row['day']}: {row['correlation']:.2f}",
        }
        for row in drawable(rows)
    ]
    starts = [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335]
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, 366], nice=False),
        axis=alt.Axis(
            title="Day of the year",
            values=starts,
            labelExpr=f"{list(MONTHS)}[indexof({starts}, datum.value)]",
            labelAlign="left",
        ),
    )
    y = alt.Y(
        "correlation:Q",
        scale=alt.Scale(domain=[-1, 1], nice=False),
        axis=alt.Axis(title="Correlation of price and load", tickCount=5),
    )
    zero = alt.Chart(inline([{"correlation": 0}])).mark_rule(stroke=theme.INK, aria=False)
    layers = [place(zero, x=0, x2="width", y=y)]
    for above, shape, colour in ((True, "triangle-up", BEFORE), (False, "triangle-down", AFTER)):
        some = [row for row in own if (row["correlation"] >= 0) == above]
        if some:
            mark = alt.Chart(inline(some)).mark_point(
                shape=shape, size=70, fill=colour, stroke=colour, opacity=1
            )
            layers.append(
                spoken(
                    mark,
                    x=x,
                    y=y,
                )
            )
    below = sum(row["correlation"] < 0 for row in own)
    found = sorted(numbers_in(own, "correlation"))
    middle = median(found)
    title = (
        "Price follows demand on every day"
        if not below
        else f"On {below} of {len(own)} days the price falls when demand rises"
    )
    return theme.layered(
        layers,
        own,
        title,
        f"Median {middle:.2f}, from {found[0]:.2f} to {found[-1]:.2f}",
        f"A point for each of {len(own)} days: the correlation of price and load over the day;"
        f" median {middle:.2f}, least {found[0]:.2f}, greatest {found[-1]:.2f}. {title}.",
        width=width,
        height=height,
    )


def many_days(rows: Rows, *, width: int = 500, height: int = 220) -> Picture:
    """Peak over average on many days, at several participations: rows with ``participation``
    and ``par``. A point is a day; a bar stands at the median.

    Raises ``ValueError`` if there are no rows.
    """
    shares = sorted({row["participation"] for row in drawable(rows)})
    step = width / len(shares)
    points, bars, labels = [], [], []
    for n, share in enumerate(shares):
        found = sorted(row["par"] for row in rows if row["participation"] == share)
        middle = median(found)
        for k, par in enumerate(found):
            shift = ((k * 7) % 11 - 5) / 5 * 0.22  # side by side, and the same each time
            points.append(
                {"_x": step * (n + 0.5 + shift), "_y": par, "_said": f"{share:.0%}: {par:.2f}"}
            )
        bars.append({"_x": step * (n + 0.18), "_x2": step * (n + 0.82), "_y": middle})
        labels.append({"_x": step * (n + 0.84), "_y": middle, "_t": f"{middle:.2f}"})
    x = across(width)
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[0, 1.05 * max(point["_y"] for point in points)], nice=False),
        axis=alt.Axis(title="Peak over average", tickCount=6),
    )
    days = alt.Chart(inline(points)).mark_point(
        shape="circle", size=30, stroke=AFTER, strokeWidth=1.5, opacity=1
    )
    bar = alt.Chart(inline(bars)).mark_rule(stroke=theme.INK, strokeWidth=3.5, aria=False)
    flat = alt.Chart(inline([{"_y": 1.0}])).mark_rule(
        stroke=BEFORE, strokeWidth=2, strokeDash=[6, 3], aria=False
    )
    names = [{"_x": step * (n + 0.5), "_t": f"{share:.0%}"} for n, share in enumerate(shares)]
    layers = [
        place(flat, x=0, x2=width, y=y),
        spoken(
            days,
            x=x,
            y=y,
        ),
        place(bar, x=x, x2=alt.X2("_x2"), y=y),
        words(labels, x, y, right=2),
        words([{"_y": 1.0, "_t": "flat"}], width + 6, y, bold=False),
        words(names, x, height + 14, align="center"),
        words(
            [{"_t": "Homes that participate"}], width / 2, height + 34, align="center", bold=False
        ),
    ]
    medians = {share: bar["_y"] for share, bar in zip(shares, bars, strict=True)}
    told = "; ".join(f"{share:.0%}: median {value:.2f}" for share, value in medians.items())
    last = shares[-1]
    return theme.layered(
        layers,
        [{"participation": row["participation"], "par": row["par"]} for row in rows],
        f"Not one unlucky day: the median peak is {medians[last]:.1f} × the average at {last:.0%}",
        "A circle is a day, a bar the median of all; 1 is perfectly flat",
        f"Peak over average on {len(points) // len(shares)} days at each participation. {told}.",
        width=width,
        height=height,
    )
