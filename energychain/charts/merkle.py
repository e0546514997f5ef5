"""
Merkle trees in pictures: the way from one leaf to the root, and how little it weighs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import AREA, LINE, inline, key, place, spoken, writing
from energychain.charts.theme import Picture
from energychain.primitives.merkle import MerkleTree

Rows = Sequence[Mapping[str, Any]]
State = Literal["computed", "given", "ahead", "not needed"]

COMPUTED, GIVEN = theme.OKABE_ITO["blue"], theme.OKABE_ITO["orange"]
NOT_NEEDED = "#f2f2f2"

WIDTH, TALL = 578, 210
"""How wide a tree is, and how far its root stands above its leaves, however many they are
[pixel]: a picture that keeps its size does not push what is below it.
"""

LEVEL = 42
"""How far apart the levels are at least [pixel]."""

BOX = 32
"""How wide a digest is drawn at least [pixel]."""

LOOKS: Mapping[State, Mapping[str, Any]] = {
    "computed": {"fill": COMPUTED, "stroke": theme.INK, "strokeWidth": 1},
    "given": {"fill": GIVEN, "stroke": theme.INK, "strokeWidth": 2.5},
    "ahead": {"fill": "white", "stroke": theme.INK, "strokeWidth": 1, "strokeDash": [3, 2]},
    "not needed": {"fill": NOT_NEEDED, "stroke": "#999999", "strokeWidth": 0.7},
}
"""Each state differs in its frame, and in what is written, too."""


# --- the tree -------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """One digest of a tree, where it is made. An odd one is carried up, and drawn once."""

    level: int
    index: int
    first: int
    """The first leaf below it."""

    stop: int
    """The leaf after the last one below it."""

    @property
    def middle(self) -> float:
        """Where it stands, in leaves from the left."""
        return (self.first + self.stop) / 2

    @property
    def children(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The levels and indices of what it is made from, before carrying up."""
        return (self.level - 1, 2 * self.index), (self.level - 1, 2 * self.index + 1)


def nodes(size: int) -> dict[tuple[int, int], Node]:
    """The nodes of a tree over so many leaves, by level and index; a node that was carried up
    is found under every level that it passes.

    >>> sorted({(node.level, node.index) for node in nodes(3).values()})
    [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)]
    """
    found = {(0, n): Node(0, n, n, n + 1) for n in range(size)}
    level, width = 0, size
    while width > 1:
        for n in range((width + 1) // 2):
            left, right = found[level, 2 * n], found.get((level, 2 * n + 1))
            above = Node(level + 1, n, left.first, right.stop) if right else left
            found[level + 1, n] = above
        level, width = level + 1, (width + 1) // 2
    return found


def path(size: int, leaf: int) -> list[tuple[Node, Node, bool]]:
    """The steps from a leaf to the root: what is in hand, its sister, and whether the sister
    stands on the left.

    >>> [(mine.first, other.first, left) for mine, other, left in path(4, 2)]
    [(2, 3, False), (2, 0, True)]

    Raises ``ValueError`` if there is no such leaf.
    """
    if not 0 <= leaf < size:
        raise ValueError(f"there is no leaf {leaf}: the tree has {size}")
    tree, steps = nodes(size), []
    level, at, width = 0, leaf, size
    while width > 1:
        if at ^ 1 < width:
            steps.append((tree[level, at], tree[level, at ^ 1], bool(at % 2)))
        level, at, width = level + 1, at // 2, (width + 1) // 2
    return steps


def proof(
    tree: MerkleTree,
    leaf: int,
    step: int,
    *,
    in_hand: Sequence[bytes],
    names: Sequence[str] = (),
) -> Picture:
    """A proof after so many steps. ``in_hand`` are the digests that the checker has computed,
    from the leaf's own upwards; the last one that is shown is compared with the tree's root
    once all steps are done. ``names`` stand below the leaves.

    Raises ``ValueError`` if there is no such leaf, or no such step.
    """
    way = path(tree.size, leaf)
    if not 0 <= step <= len(way):
        raise ValueError(f"there is no step {step}: the proof has {len(way)}")
    drawn = nodes(tree.size)
    states = _states(drawn, way, leaf, step, tree)
    digests = {way[n][0] if n < len(way) else drawn[_root(tree)]: d for n, d in enumerate(in_hand)}
    height = _down(0, tree) + 42
    rows = [
        {
            "level": node.level,
            "index": node.index,
            "state": state,
            "_x": _across(node, tree),
            "_y": _down(node.level, tree),
            "_t": _digits(_digest(node, state, tree, digests), state),
        }
        for node, state in states.items()
    ]
    x = alt.X("_x:Q", scale=alt.Scale(domain=[0, WIDTH], nice=False), axis=None)
    y = alt.Y("_y:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)
    done = step == len(way)
    reached, root = in_hand[step], tree.root
    title = _title(done, reached == root, step, len(way))
    return theme.layered(
        [
            *_edges(states, drawn, tree, x, y),
            *_boxes(rows, x, y),
            *_feet(tree, leaf, names, x),
            *_header(rows, root, done, reached == root, x, y),
            *key(
                [
                    ("computed", AREA, COMPUTED, ()),
                    ("given by the proof", AREA, GIVEN, ()),
                    ("not needed", AREA, NOT_NEEDED, ()),
                ],
                width=WIDTH,
            ),
        ],
        rows,
        title,
        "",
        f"A tree over {tree.size} leaves, {len(tree.levels)} levels. The proof of leaf {leaf + 1}"
        f" after step {step} of {len(way)}: {reached.hex()[:4]} is in hand."
        f" {title}.",
        width=WIDTH,
        height=height,
    )


def _title(done: bool, fits: bool, step: int, steps: int) -> str:
    if not done:
        return f"Step {step} of {steps}" if step else "The leaf, hashed"
    return "This is the header's root: proved" if fits else "Not the header's root: refused"


def _root(tree: MerkleTree) -> tuple[int, int]:
    return len(tree.levels) - 1, 0


def _across(node: Node, tree: MerkleTree) -> float:
    """Where a node stands [pixel from the left]."""
    return WIDTH * node.middle / tree.size


def _down(level: int, tree: MerkleTree) -> int:
    """Where a level stands [pixel from the top]."""
    above = len(tree.levels) - 1
    return max(TALL, LEVEL * above) * (above - level) // max(above, 1) + 18


def _states(
    drawn: Mapping[tuple[int, int], Node],
    way: Sequence[tuple[Node, Node, bool]],
    leaf: int,
    step: int,
    tree: MerkleTree,
) -> dict[Node, State]:
    states: dict[Node, State] = dict.fromkeys(dict.fromkeys(drawn.values()), "not needed")
    for n, (mine, other, _) in enumerate(way):
        states[mine] = "computed" if n <= step else "ahead"
        states[other] = "given" if n < step else "ahead"
    states[drawn[_root(tree)]] = "computed" if step == len(way) else "ahead"
    return states


def _digest(
    node: Node, state: State, tree: MerkleTree, computed: Mapping[Node, bytes]
) -> bytes | None:
    if state == "ahead":
        return None
    return computed[node] if state == "computed" else tree.levels[node.level][node.index]


def _digits(digest: bytes | None, state: State) -> str:
    if digest is None:
        return "?"
    return "" if state == "not needed" else digest.hex()[:4]


def _edges(
    states: Mapping[Node, State],
    drawn: Mapping[tuple[int, int], Node],
    tree: MerkleTree,
    x: alt.X,
    y: alt.Y,
) -> Iterator[alt.Chart]:
    lines = []
    for node in states:
        for below in (drawn[child] for child in node.children) if node.level else ():
            across, up = _across(below, tree), _across(node, tree)
            # A node that is carried up goes straight up first, past its neighbours.
            turn = _down(node.level - 1, tree)
            lines.append({"_x": across, "_y": turn, "_x2": up, "_y2": _down(node.level, tree)})
            if below.level < node.level - 1:
                foot = _down(below.level, tree)
                lines.append({"_x": across, "_y": foot, "_x2": across, "_y2": turn})
    if lines:
        rule = alt.Chart(inline(lines)).mark_rule(stroke="#888888", aria=False)
        yield place(rule, x=x, x2=alt.X2("_x2"), y=y, y2=alt.Y2("_y2"))


def _boxes(rows: Rows, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    for state, look in LOOKS.items():
        some = [
            {**row, "_left": row["_x"] - BOX / 2, "_right": row["_x"] + BOX / 2}
            | {"_top": row["_y"] - 11, "_foot": row["_y"] + 11}
            | {"_said": _place_in_words(row)}
            for row in rows
            if row["state"] == state
        ]
        if not some:
            continue
        left, top = x.copy(), y.copy()
        left.shorthand, top.shorthand = "_left:Q", "_top:Q"
        box = alt.Chart(inline(some)).mark_rect(**look)
        yield spoken(box, x=left, x2=alt.X2("_right"), y=top, y2=alt.Y2("_foot"))
        digits = alt.Chart(inline(some)).mark_text(
            fontSize=theme.SMALL,
            fontWeight="bold" if state in ("computed", "given") else "normal",
            color="white" if state == "computed" else theme.INK,
            aria=False,
        )
        yield place(digits, x=x, y=y, text=alt.Text("_t:N"))


def _place_in_words(row: Mapping[str, Any]) -> str:
    where = f"leaf {row['index'] + 1}" if not row["level"] else f"level {row['level']}"
    state = "still ahead" if row["state"] == "ahead" else row["state"]
    return f"{where}: {state} {row['_t'].strip('?')}".strip()


def _feet(tree: MerkleTree, leaf: int, names: Sequence[str], x: alt.X) -> Iterator[alt.Chart]:
    """The number of each leaf below it; an arrow at the one that is proved."""
    feet = [
        {"_x": WIDTH * (n + 0.5) / tree.size, "_t": names[n] if names else str(n + 1)}
        for n in range(tree.size)
    ]
    words = writing(alt.Chart(inline(feet)), "center")
    yield place(words, x=x, y=_down(0, tree) + 22, text=alt.Text("_t:N"))
    mark = writing(alt.Chart(inline([feet[leaf]])), "center", "bold")
    yield place(mark, x=x, y=_down(0, tree) + 36, text="▲")


def _header(
    rows: Rows, root: bytes, done: bool, fits: bool, x: alt.X, y: alt.Y
) -> Iterator[alt.Chart]:
    """What the header says, beside the top; once all steps are done, also whether it fits."""
    top = min(rows, key=lambda row: float(row["_y"]))
    right = alt.Chart(inline([{"_x": top["_x"] + BOX / 2, "_y": top["_y"]}]))
    if done:
        sign = writing(right, "left", "bold", dx=9)
        yield place(sign, x=x, y=y, text="=" if fits else "≠")
    words = writing(right, "left", "bold", dx=26)
    yield place(words, x=x, y=y, text=f"the header says {root.hex()[:4]}")


# --- sizes ----------------------------------------------------------------------------


def sizes(rows: Rows) -> Picture:
    """What must be sent to prove one reading, against how many there are: all of them, or a
    header and a proof. Rows have ``leaves``, ``all_bytes`` and ``proof_bytes``.

    Raises ``ValueError`` if there are no rows.
    """
    if not rows:
        raise ValueError("there are no rows to draw")
    x = alt.X(
        "leaves:Q",
        scale=alt.Scale(type="log", base=2),
        axis=alt.Axis(
            title="Readings in the block",
            format=",d",
            values=[row["leaves"] for row in rows],
            labelOverlap="parity",
        ),
    )
    most = max(row["all_bytes"] for row in rows)
    y = alt.Y(
        "all_bytes:Q",
        scale=alt.Scale(type="log", domain=[100, 3 * most], nice=False),
        axis=alt.Axis(title="Bytes", tickCount=6, format="~s"),
    )
    last = rows[-1]
    layers: list[alt.Chart] = []
    for name, colour, dash, shape in (
        ("all_bytes", GIVEN, (6, 3), "square"),
        ("proof_bytes", COMPUTED, (1, 0), "circle"),
    ):
        up = y.copy()
        up.shorthand = f"{name}:Q"
        data = inline(rows)
        line = alt.Chart(data).mark_line(
            stroke=colour, strokeWidth=2.5, strokeDash=list(dash), aria=False
        )
        dots = alt.Chart(data).mark_point(
            shape=shape, filled=True, size=50, fill=colour, stroke=theme.INK, opacity=1
        )
        said = f"{name}_said"
        spoken = [{**row, said: f"{row['leaves']:,}: {row[name]:,} bytes"} for row in rows]
        dots.data = inline(spoken)
        layers.append(place(line, x=x, y=up))
        layers.append(place(dots, x=x, y=up, description=alt.Description(f"{said}:N")))
        end = writing(alt.Chart(inline([last])), "left", "bold", dx=8)
        layers.append(place(end, x=x, y=up, text=f"{last[name]:,}"))
    return theme.layered(
        [
            *layers,
            *key(
                [
                    ("all of the block", LINE, GIVEN, (6, 3)),
                    ("header and proof", LINE, COMPUTED, ()),
                ],
                width=430,
            ),
        ],
        rows,
        f"Of {last['leaves']:,} readings, one is proved with {last['proof_bytes']:,} bytes",
        "Both axes grow by factors",
        "Two lines over the number of readings. "
        + "; ".join(
            f"{row['leaves']:,}: all {row['all_bytes']:,} bytes, header and proof"
            f" {row['proof_bytes']:,}"
            for row in rows
        )
        + ".",
        width=430,
        height=220,
    )
