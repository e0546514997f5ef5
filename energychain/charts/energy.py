"""
One house over a day or a week: what it made, used, sold and bought, interval by
interval. The areas are energy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.intervals import (
    Rows,
    Selected,
    TimeAxis,
    listening,
    marked,
    same_axis,
    step_line,
)
from energychain.charts.marks import AREA, LINE, STRIPES, key, place
from energychain.charts.theme import Picture

Line = tuple[str, str, tuple[int, ...]]
"""A line's name, colour and dash."""


@dataclass(frozen=True)
class House:
    """The rows of one node."""

    rows: Rows

    @cached_property
    def unsold(self) -> float:
        """Surplus that nobody took [kWh]."""
        return sum(map(unsold_kwh, self.rows))

    def sum(self, column: str) -> float:
        """A column's total [kWh]."""
        return sum(float(row[column]) for row in self.rows)

    @property
    def peak(self) -> float:
        """The largest production or consumption in an interval [kWh]."""
        return max(
            float(row[column]) for row in self.rows for column in ("produced_kwh", "consumed_kwh")
        )

    @property
    def totals(self) -> str:
        """The totals in words."""
        produced, sold, bought = map(self.sum, ("produced_kwh", "sold_kwh", "bought_kwh"))
        parts = [f"{produced:.3f} kWh produced"] if produced else []
        parts.append(f"{self.sum('consumed_kwh'):.3f} kWh consumed")
        parts += [f"{sold:.3f} kWh sold to neighbours"] if sold else []
        parts += [f"{self.unsold:.3f} kWh that nobody took"] if self.unsold else []
        parts += [f"{bought:.3f} kWh bought from neighbours"] if bought else []
        return ", ".join(parts) + "."


def house(rows: Rows, node: str) -> House:
    """What the rows say of a node.

    Raises ``ValueError`` if no row is about it.
    """
    own = [row for row in rows if row["node"] == node]
    if not own:
        names = ", ".join(dict.fromkeys(str(row["node"]) for row in rows))
        raise ValueError(f"no row is about {node!r}; there are {names}")
    return House(own)


def unsold_kwh(row: Mapping[str, Any]) -> float:
    """Surplus that nobody took in an interval [kWh]."""
    return max(round(float(row["surplus_kwh"]) - float(row["sold_kwh"]), 9), 0.0)


def house_picture(
    own: House,
    axis: TimeAxis,
    title: str,
    subtitle: str,
    *,
    selected: Selected,
    width: int,
    height: int,
) -> Picture:
    """Lines for what was made and used; areas for what was sold, left over and bought."""
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[0, 1.12 * own.peak or 1], nice=False),
        axis=alt.Axis(title=f"Energy in {axis.unit} (kWh)", tickCount=6),
    )
    narrow = width * axis.step / (axis.end - axis.start) < 6
    areas = _areas(own, narrow)
    lines: list[Line] = [("consumed", theme.CONSUMPTION, (6, 3))]
    if own.sum("produced_kwh"):
        lines.insert(0, ("produced", theme.PRODUCTION, (1, 0)))
    layers = [
        *(_area(axis, y, column, fill, narrow) for _, _, _, fill, column in areas),
        *(
            step_line(axis, own.rows, f"{name}_kwh", y, colour, dash)
            for name, colour, dash in lines
        ),
        *(axis.mark(selected) if selected is not None else ()),
        *listening(axis, own.rows, _said),
        *key(
            [(name, LINE, colour, dash) for name, colour, dash in lines]
            + [(text, drawn, colour, ()) for text, drawn, colour, _, _ in areas],
            width=width,
        ),
    ]
    return theme.layered(
        layers,
        [_drawn_row(axis, row) for row in own.rows],
        title,
        subtitle,
        f"{title}, {axis.span}: {own.totals}{marked(axis, selected)}",
        width=width,
        height=height,
    )


def _areas(own: House, narrow: bool) -> list[tuple[str, str, str, Any, str]]:
    """Text, kind, colour, fill and column of each area that is not empty."""
    # Stripes need room: where an interval is a few pixels wide, black alone must do.
    left = AREA if narrow else STRIPES
    fill = theme.UNSOLD if narrow else theme.stripes(theme.UNSOLD)
    every = [
        (own.sum("sold_kwh"), "sold", AREA, theme.SOLD, theme.SOLD, "_sold"),
        (own.unsold, "nobody took", left, theme.UNSOLD, fill, "_unsold"),
        (own.sum("bought_kwh"), "bought", AREA, theme.BOUGHT, theme.BOUGHT, "_got"),
    ]
    return [rest for energy, *rest in every if energy > 0]  # type: ignore[misc]


def _area(axis: TimeAxis, y: alt.Y, column: str, fill: Any, narrow: bool) -> alt.Chart:
    patches = (
        alt.Chart()
        .transform_filter(f"datum.{column}2 > datum.{column}")
        .mark_rect(fill=fill, stroke="white", strokeWidth=0 if narrow else 0.4, aria=False)
    )
    return place(
        patches,
        x=axis.x,
        x2=alt.X2("_x2"),
        y=same_axis(y, column),
        y2=alt.Y2(f"{column}2"),
    )


def _drawn_row(axis: TimeAxis, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the chart's table, with the edges of the areas."""
    x, produced, consumed = axis.of(row), float(row["produced_kwh"]), float(row["consumed_kwh"])
    sold, bought, unsold = float(row["sold_kwh"]), float(row["bought_kwh"]), unsold_kwh(row)
    edges = {
        "_sold": consumed,
        "_sold2": consumed + sold,
        "_unsold": consumed + sold,
        "_unsold2": consumed + sold + unsold,
        "_got": produced,
        "_got2": produced + bought,
    }
    return {
        axis.by: row[axis.by],
        "node": row["node"],
        "produced_kwh": produced,
        "consumed_kwh": consumed,
        "sold_kwh": sold,
        "unsold_kwh": unsold,
        "bought_kwh": bought,
        "_x": x,
        "_x2": x + axis.step,
        **{name: round(edge, 9) for name, edge in edges.items()},
    }


def _said(rows: Rows) -> str:
    row = rows[0]
    names = ("produced", "consumed", "sold", "bought")
    parts = [f"{name} {row[f'{name}_kwh']:.3f}" for name in names if row[f"{name}_kwh"]]
    parts += [f"nobody took {unsold_kwh(row):.3f}"] if unsold_kwh(row) else []
    return f"{', '.join(parts) or 'nothing'} kWh"
