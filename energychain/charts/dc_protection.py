"""
What relays of a DC line protect, and what it costs them to wait for a second witness.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.dc_fault import ONE, TWO, WIDTH
from energychain.charts.marks import (
    across,
    caption,
    down,
    drawable,
    inline,
    place,
    spoken_boxes,
    writing,
)
from energychain.charts.theme import Picture

Row = Mapping[str, Any]
Rows = Sequence[Row]

# --- regions --------------------------------------------------------------------------

PROTECTED, BLIND, FALSE = "protected", "blind", "false trips"
VERDICTS: Mapping[str, tuple[str, str]] = {
    PROTECTED: ("✓", "#c9e8dc"),
    BLIND: ("○", "#9a9a9a"),
    FALSE: ("✗", theme.OKABE_ITO["orange"]),
}
"""The sign and the colour of each."""

ENOUGH = 0.95
"""So large a part of the runs must go well."""

CELL = 26
"""How high a cell is [pixel]."""


def verdict(row: Row) -> str:
    """What a relay is good for: it trips without a reason; it does not see; or neither.

    >>> verdict({"dependability": 0.5, "security": 1.0})
    'blind'
    """
    if row["security"] < ENOUGH:
        return FALSE
    return PROTECTED if row["dependability"] >= ENOUGH else BLIND


def regions(rows: Rows, *, width: int = 690) -> Picture:
    """What each relay protects: faults of higher resistance to the right, more noise upwards.

    Rows have ``relay``, ``resistance`` [ohm], ``noise_a`` [A], ``dependability`` and
    ``security``, the parts of the runs with a fault that ended in a trip, and of those
    without reason for one that did not.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    relays = list(dict.fromkeys(str(row["relay"]) for row in rows))
    ohms = sorted({row["resistance"] for row in rows})
    noises = sorted({row["noise_a"] for row in rows}, reverse=True)
    gap = 22
    cell = (width - gap * (len(relays) - 1)) / len(relays) / len(ohms)
    height = CELL * len(noises)
    cells = []
    for row in rows:
        left = relays.index(str(row["relay"])) * (cell * len(ohms) + gap)
        column, line = ohms.index(row["resistance"]), noises.index(row["noise_a"])
        found = verdict(row)
        cells.append(
            {
                "_x": round(left + cell * column, 3),
                "_x2": round(left + cell * (column + 1), 3),
                "_middle": round(left + cell * (column + 0.5), 3),
                "_y": CELL * line,
                "_y2": CELL * (line + 1),
                "_level": CELL * (line + 0.5),
                "_found": found,
                "_t": VERDICTS[found][0],
                "_said": f"{row['relay']}, {row['resistance']:g} ohm,"
                f" noise {_milliamperes(row['noise_a'])}: {found}; trips in"
                f" {row['dependability']:.0%} of faults, no false trip in {row['security']:.0%}",
            }
        )
    counted = [
        f"{relay} {sum(verdict(row) == PROTECTED for row in rows if row['relay'] == relay)}"
        for relay in relays
    ]
    told = [
        f"{relay}: "
        + ", ".join(
            f"{sum(verdict(row) == each for row in rows if row['relay'] == relay)} {each}"
            for each in VERDICTS
        )
        for relay in relays
    ]
    return theme.layered(
        [
            *_cells(cells, width, height),
            *_scales(relays, ohms, noises, cell, gap, height),
        ],
        [{name: row[name] for name in _REGION_COLUMNS} | {"found": verdict(row)} for row in rows],
        f"Protected cells of {len(ohms) * len(noises)}: {', '.join(counted)}",
        "Tick: protected; circle: blind to faults; cross: trips without reason"
        f" ({ENOUGH:.0%} of the runs decide)",
        f"{len(relays)} relays, {len(ohms)} fault resistances from {ohms[0]:g} to {ohms[-1]:g} ohm"
        f" and {len(noises)} levels of noise up to {_milliamperes(noises[0])}. Cells by what was"
        f" found. {'; '.join(told)}.",
        width=width,
        height=height,
    )


_REGION_COLUMNS = ("relay", "resistance", "noise_a", "dependability", "security")


def _milliamperes(noise: float) -> str:
    return f"{_short(noise * 1e3)} mA"


def _short(value: float) -> str:
    """To two digits, without an exponent.

    >>> _short(0.031623), _short(116.2), _short(13.1)
    ('0.032', '116', '13')
    """
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _cells(cells: Rows, width: float, height: float) -> Iterator[alt.Chart]:
    x, y = across(width), down(height)
    for found, (_, fill) in VERDICTS.items():
        some = [cell for cell in cells if cell["_found"] == found]
        if some:
            mark = alt.Chart(inline(some)).mark_rect(fill=fill, stroke="white", strokeWidth=1)
            yield spoken_boxes(mark, x, y)
    signs = writing(alt.Chart(inline(cells)), "center")
    middle, level = across(width, "_middle"), down(height, "_level")
    yield place(signs, x=middle, y=level, text=alt.Text("_t:N"))


def _scales(
    relays: Sequence[str],
    ohms: Sequence[float],
    noises: Sequence[float],
    cell: float,
    gap: float,
    height: float,
) -> Iterator[alt.Chart]:
    """The names of panels, columns and rows."""
    panel = cell * len(ohms)
    for n, relay in enumerate(relays):
        left = n * (panel + gap)
        yield caption(relay, left + panel / 2, -12, align="center", weight="bold")
        for i, ohm in enumerate(ohms):
            if cell >= 24 or i % 2 == 0:
                yield caption(_short(ohm), left + cell * (i + 0.5), height + 12, align="center")
        yield caption("Fault resistance (ohm)", left + panel / 2, height + 32, align="center")
    for i, noise in enumerate(noises):
        yield caption(_milliamperes(noise), -8, CELL * (i + 0.5), align="right")
    yield caption("Noise", -8, -12, align="right")


# --- waiting --------------------------------------------------------------------------


def waiting(rows: Rows, *, width: int = WIDTH, height: int = 130) -> Picture:
    """What it costs to wait for the ledger before opening the breakers, and what it spares:
    false trips above, the energy in the fault below.

    Rows have ``wait_ms``, ``false_trip_share`` and ``let_through_j``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    table = [{name: row[name] for name in _WAITING_COLUMNS} for row in rows]
    last = max(row["wait_ms"] for row in rows)
    panels = (
        ("false_trip_share", "False trips", ".0%", TWO, "square", [0, 1]),
        ("let_through_j", "Let through (J)", "~g", ONE, "circle", None),
    )
    parts = []
    for n, (column, title, form, colour, shape, domain) in enumerate(panels):
        x = alt.X(
            "wait_ms:Q",
            scale=alt.Scale(domain=[0, last], nice=False),
            axis=alt.Axis(title="Waiting for the ledger (ms)" if n else "", tickCount=8),
        )
        scale = alt.Scale(domain=domain) if domain else alt.Scale(zero=True)
        y = alt.Y(f"{column}:Q", scale=scale, axis=alt.Axis(title=title, format=form, tickCount=4))
        line = alt.Chart().mark_line(
            stroke=colour,
            strokeWidth=2.5,
            point=alt.OverlayMarkDef(shape=shape, fill=colour, size=50, opacity=1),
        )
        parts.append(place(line, x=x, y=y).properties(width=width, height=height))
    first, end = rows[0], rows[-1]
    free = next((row for row in rows if row["false_trip_share"] == 0), None)
    found = "no wait shown is long enough against false trips"
    if free is not None:
        found = (
            f"{free['wait_ms']:g} ms end false trips, and let through"
            f" {free['let_through_j']:.3g} J instead of {first['let_through_j']:.3g} J"
        )
    said = "; ".join(
        f"{row['wait_ms']:g} ms: {row['false_trip_share']:.0%} false trips,"
        f" {row['let_through_j']:.3g} J"
        for row in (first, *rows[1:-1], end)
    )
    return theme.figure(
        alt.vconcat(*parts, data=inline(table), spacing=14),
        f"{found[0].upper()}{found[1:]}",
        "Above: healthy lines that trip under attack; below: energy in a real fault",
        f"Two curves over the time that is waited for the ledger. {said}.",
    )


_WAITING_COLUMNS = ("wait_ms", "false_trip_share", "let_through_j")
