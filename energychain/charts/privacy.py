"""
What linking reveals, in pictures: days under pseudonyms beside the days of a home that is known,
how far each suspect is away, and how many are recognised, against chance.

Rows are dictionaries, as ``dataclasses.asdict`` makes them of
:class:`energychain.studies.privacy.LinkRow`; what others have is said at each function.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import (
    AREA,
    LINE,
    across,
    down,
    drawable,
    inline,
    key,
    place,
    spoken,
    writing,
)
from energychain.charts.theme import Picture

Row = Mapping[str, Any]
Rows = Sequence[Row]

FOUND, CHANCE = theme.OKABE_ITO["vermillion"], theme.INK
KNOWN = "#cfe3f1"
"""What somebody knows of a home already."""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


# --- a line-up ------------------------------------------------------------------------

PANEL, GAP = 112, 20
"""Widths [pixel]."""


def line_up(
    days: Mapping[str, Iterable[float]],
    known: Iterable[Iterable[float]],
    suspect: str,
    *,
    height: int = 150,
) -> Picture:
    """Days under pseudonyms, hour by hour, each over what is known of one home: what it usually
    uses, which is all in an hour but the least and the most of the known days (of three or more).
    All energies in kWh.

    Raises ``ValueError`` if there is no day on either side.
    """
    shown = drawable({name: [float(energy) for energy in day] for name, day in days.items()})
    usual = drawable([[float(energy) for energy in day] for day in known])
    hours = len(usual[0])
    inner = slice(1, -1) if len(usual) > 2 else slice(None)
    by_hour = [sorted(day[hour] for day in usual)[inner] for hour in range(hours)]
    low, high = [each[0] for each in by_hour], [each[-1] for each in by_hour]
    most = 1.08 * max(*high, *(max(day) for day in shown.values()))
    width = len(shown) * PANEL + (len(shown) - 1) * GAP
    step = PANEL / hours
    x = across(width)
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[0, most], nice=False),
        axis=alt.Axis(title="Energy (kWh in the hour)", tickCount=4),
    )
    lefts = {name: n * (PANEL + GAP) for n, name in enumerate(shown)}
    band = [
        {"_x": left + step * h, "_x2": left + step * (h + 1), "_y": low[h], "_y2": high[h]}
        for left in lefts.values()
        for h in range(hours)
    ]
    rect = alt.Chart(inline(band)).mark_rect(fill=KNOWN, aria=False)
    layers = [place(rect, x=x, x2=alt.X2("_x2"), y=y, y2=alt.Y2("_y2"))]
    base = alt.Chart(inline([{"_": 0}]))
    for name, day in shown.items():
        left = lefts[name]
        points = [{"_x": left + step * h, "_y": value} for h, value in enumerate(day)]
        points.append({"_x": left + PANEL, "_y": day[-1]})
        line = alt.Chart(inline(points)).mark_line(
            interpolate="step-after", stroke=theme.INK, strokeWidth=2, aria=False
        )
        said = [{"_x": left, "_x2": left + PANEL, "_said": _day_told(name, day)}]
        veil = alt.Chart(inline(said)).mark_rect(opacity=0)
        layers += [
            place(line, x=x, y=y),
            spoken(veil, x=x, x2=alt.X2("_x2"), y=0, y2="height"),
            place(writing(base, "center", "bold"), x=left + PANEL / 2, y=-10, text=name),
        ]
        for hour in (0, 12, 24) if hours == 24 else ():
            at = left + step * hour
            layers.append(place(writing(base, "center"), x=at, y=height + 12, text=str(hour)))
    layers.append(
        place(writing(base, "center"), x=width / 2, y=height + 32, text="Hour of the day")
    )
    rows = [
        {"pseudonym": name, "hour": hour, "kwh": round(value, 6)}
        for name, day in shown.items()
        for hour, value in enumerate(day)
    ]
    return theme.layered(
        layers,
        rows,
        f"One of these days is of home {suspect}",
        f"Line: the day under a pseudonym; blue: what {suspect} usually uses (from {len(usual)}"
        " days; the extreme ones left out)",
        f"{len(shown)} days under pseudonyms, each over what is known of home {suspect}. "
        + ". ".join(_day_told(name, day) for name, day in shown.items())
        + f". Usual for {suspect}: between {min(low):.2f} and {max(high):.2f} kWh in an hour.",
        width=width,
        height=height,
    )


def _day_told(name: str, day: Sequence[float]) -> str:
    peak = max(range(len(day)), key=lambda hour: day[hour])
    return f"{name}: {sum(day):.1f} kWh, most at {peak}:00, {day[peak]:.2f}"


# --- suspects -------------------------------------------------------------------------

ROW = 24
"""The room of one bar [pixel]."""


def suspects(
    rows: Rows, *, unit: str = "kWh", most: int = 8, width: int = 300, about: str = "this day"
) -> Picture:
    """How far a day is from the most similar known day of each home, the nearest on top.

    Rows have ``home``, ``distance`` and ``truth``, whether the day is really of that home.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    order = sorted(rows, key=lambda row: row["distance"])
    shown = order[:most]
    truth = next(row for row in rows if row["truth"])
    if truth not in shown:
        shown = [*shown[:-1], truth]
    height = ROW * most
    # Where nothing differs there is no distance to scale by.
    reach = 1.35 * max(row["distance"] for row in shown) or 1.0
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, reach], nice=False),
        axis=alt.Axis(title=f"Distance to its most similar known day ({unit})", tickCount=4),
    )
    bars = [
        {
            "_x": row["distance"],
            "_0": 0,
            "_y": ROW * n + 4,
            "_y2": ROW * (n + 1) - 4,
            "_middle": ROW * (n + 0.5),
            "_name": f"{row['home']}{' (true)' if row['truth'] else ''}",
            "_t": f"{row['distance']:.2f}",
            "_truth": bool(row["truth"]),
            "_said": f"{row['home']}: {row['distance']:.2f} {unit} away"
            + (", the true one" if row["truth"] else ""),
        }
        for n, row in enumerate(shown)
    ]
    layers: list[alt.Chart] = []
    for true, fill in ((False, "#dddddd"), (True, theme.OKABE_ITO["sky blue"])):
        some = [bar for bar in bars if bar["_truth"] == true]
        if some:
            bar = alt.Chart(inline(some)).mark_rect(
                fill=fill, stroke=theme.INK, strokeWidth=2 if true else 0.7
            )
            y = down(height)
            layers.append(spoken(bar, x=x, x2=alt.X2("_0"), y=y, y2=alt.Y2("_y2")))
    base, middle = alt.Chart(inline(bars)), down(height, "_middle")
    layers += [
        place(writing(base, dx=5), x=x, y=middle, text=alt.Text("_t:N")),
        place(writing(base, "right"), x=-8, y=middle, text=alt.Text("_name:N")),
    ]
    place_told = ""
    ties = sum(row["distance"] <= order[0]["distance"] + 1e-9 for row in rows)
    rank = 1 + sum(row["distance"] < truth["distance"] - 1e-9 for row in rows)
    if ties > 1 and rank == 1:
        found = f"{ties} of {len(rows)} homes fit equally well"
        place_told = "nothing tells them apart"
    elif rank == 1:
        found = f"Recognised: {truth['home']}"
    else:
        found = f"Taken for {order[0]['home']}, but it is {truth['home']}"
    return theme.layered(
        layers,
        [{name: row[name] for name in ("home", "distance", "truth")} for row in rows],
        found,
        f"Whose is {about}? {place_told or f'The true home is number {rank} of {len(rows)}'}",
        f"{found}. " + "; ".join(bar["_said"] for bar in bars) + ".",
        width=width,
        height=height,
    )


# --- how many are recognised ----------------------------------------------------------

DOT_ROW, DOT_GAP = 22, 24
"""The room of one setting, and of an experiment's name above its settings [pixel]."""


def success(rows: Rows, *, title: str = "", width: int = 400) -> Picture:
    """How many pseudonyms are recognised in each setting: a dot, and chance as a tick.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    marks: list[dict[str, Any]] = []
    heads: list[tuple[str, float]] = []
    y = -8.0
    for row in rows:
        if not heads or heads[-1][0] != row["experiment"]:
            y += DOT_GAP if heads else 20
            heads.append((str(row["experiment"]), y))
            y += DOT_ROW
        said = (
            f"{row['experiment']}, {row['setting']}: {_percent(row['success'])} of"
            f" {row['pseudonyms']} recognised, {_percent(row['chance'])} by chance"
        )
        marks.append(
            {
                "_x": row["success"],
                "_0": row["chance"],
                "_y": y,
                "_name": str(row["setting"]),
                "_t": _percent(row["success"]),
                "_said": said,
            }
        )
        y += DOT_ROW
    height = round(y)
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, 1.1], nice=False),
        axis=alt.Axis(
            title="Pseudonyms taken for the right home",
            values=[0, 0.2, 0.4, 0.6, 0.8, 1],
            format=".0%",
        ),
    )
    base, level = alt.Chart(inline(marks)), down(height)
    by_chance = x.copy()
    by_chance.shorthand = "_0:Q"
    stem = base.mark_rule(stroke=FOUND, strokeWidth=2.5, aria=False)
    tick = base.mark_point(
        shape="stroke", angle=90, size=230, stroke=CHANCE, strokeWidth=2.5, opacity=1, aria=False
    )
    dot = base.mark_point(
        shape="circle", size=80, fill=FOUND, stroke=theme.INK, strokeWidth=0.7, opacity=1
    )
    one = alt.Chart(inline([{"_": 0}]))
    best, least = (pick(rows, key=lambda r: r["success"]) for pick in (max, min))
    return theme.layered(
        [
            place(stem, x=by_chance, x2=alt.X2("_x"), y=level),
            place(tick, x=by_chance, y=level),
            spoken(dot, x=x, y=level),
            place(writing(base, dx=10), x=x, y=level, text=alt.Text("_t:N")),
            place(writing(base, "right"), x=-10, y=level, text=alt.Text("_name:N")),
            *(place(writing(one, "right", "bold"), x=-10, y=at, text=name) for name, at in heads),
        ],
        [dict(row) for row in rows],
        title
        or f"Recognised: from {_percent(least['success'])} ({least['setting']}) to"
        f" {_percent(best['success'])} ({best['setting']})",
        "Dot: how many are recognised; upright tick: by chance",
        "How many pseudonyms are recognised. " + "; ".join(m["_said"] for m in marks) + ".",
        width=width,
        height=height,
    )


def by_homes(rows: Rows, *, width: int = 430, height: int = 220) -> Picture:
    """How many pseudonyms are recognised among more and more homes, beside chance.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    shown = [
        {
            **{name: row[name] for name in ("homes", "success", "chance", "pseudonyms", "origin")},
            "_said": f"{row['homes']} homes: {_percent(row['success'])} recognised,"
            f" {_percent(row['chance'])} by chance",
        }
        for row in rows
    ]
    x = alt.X(
        "homes:Q",
        scale=alt.Scale(
            type="log", domain=[0.75 * shown[0]["homes"], 1.25 * shown[-1]["homes"]], nice=False
        ),
        axis=alt.Axis(title="Homes", values=[row["homes"] for row in shown], format="d"),
    )
    y = alt.Y(
        "success:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(title="Recognised", format=".0%", tickCount=5),
    )
    by_chance = y.copy()
    by_chance.shorthand = "chance:Q"
    base = alt.Chart(inline(shown))
    line = base.mark_line(stroke=FOUND, strokeWidth=2.5, aria=False)
    dash = base.mark_line(stroke=CHANCE, strokeWidth=2, strokeDash=[6, 4], aria=False)
    dot = base.mark_point(
        shape="circle", size=80, fill=FOUND, stroke=theme.INK, strokeWidth=0.7, opacity=1
    )
    last = shown[-1]
    return theme.layered(
        [
            place(dash, x=x, y=by_chance),
            place(line, x=x, y=y),
            spoken(dot, x=x, y=y),
            *_labels(shown, x, y),
            *key(
                [
                    ("recognised", LINE, FOUND, (1, 0)),
                    ("by chance: one in n", LINE, CHANCE, (6, 4)),
                ],
                width=width,
            ),
        ],
        [{name: value for name, value in row.items() if name != "_said"} for row in shown],
        f"Among {last['homes']} homes still {_percent(last['success'])} are recognised,"
        f" {last['success'] / last['chance']:.0f} times chance",
        "A new address every day, readings by the hour",
        "How many pseudonyms are recognised against the number of homes. "
        + "; ".join(row["_said"] for row in shown)
        + ".",
        width=width,
        height=height,
    )


def _labels(shown: Rows, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    for row in shown:
        one = alt.Chart(inline([row]))
        yield place(writing(one, "center", dy=-14), x=x, y=y, text=_percent(row["success"]))


# --- now ------------------------------------------------------------------------------


def now(rows: Rows, *, chance: float, width: int = 300) -> Picture:
    """A few shares as bars, with chance as a line across them.

    Rows have ``what``, ``share`` and ``right``, how many, of ``all``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    height = 40 * len(rows)
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, 1.2], nice=False),
        axis=alt.Axis(title="Recognised", values=[0, 0.25, 0.5, 0.75, 1], format=".0%"),
    )
    bars = [
        {
            "_x": row["share"],
            "_0": 0,
            "_y": 40 * n + 8,
            "_y2": 40 * (n + 1) - 8,
            "_middle": 40 * (n + 0.5),
            "_name": row["what"],
            "_t": _percent(row["share"]),
            "_said": f"{row['what']}: {_percent(row['share'])} of {row['all']} recognised",
        }
        for n, row in enumerate(rows)
    ]
    base, middle = alt.Chart(inline(bars)), down(height, "_middle")
    bar = base.mark_rect(fill=FOUND, stroke=theme.INK, strokeWidth=0.7)
    rule = alt.Chart(inline([{"_x": chance}])).mark_rule(
        stroke=CHANCE, strokeWidth=2, strokeDash=[6, 4], aria=False
    )
    return theme.layered(
        [
            spoken(bar, x=x, x2=alt.X2("_0"), y=down(height), y2=alt.Y2("_y2")),
            place(rule, x=x, y=0, y2="height"),
            place(writing(base, dx=6), x=x, y=middle, text=alt.Text("_t:N")),
            place(writing(base, "right"), x=-8, y=middle, text=alt.Text("_name:N")),
            *key(
                [
                    ("recognised", AREA, FOUND, ()),
                    (f"chance: {_percent(chance)}", LINE, CHANCE, (6, 4)),
                ],
                width=width,
            ),
        ],
        [{name: row[name] for name in ("what", "share", "all")} for row in rows],
        f"{_percent(rows[-1]['share'])} of {rows[-1]['all']} pseudonyms are recognised",
        "",
        "How many pseudonyms are recognised. "
        + "; ".join(bar["_said"] for bar in bars)
        + f". By chance: {_percent(chance)}.",
        width=width,
        height=height,
    )
