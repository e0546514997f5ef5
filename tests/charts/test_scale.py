"""Lines are the law, marks are what was measured, boxes and arrows add up to the proof."""

from dataclasses import asdict
from functools import cache

import pytest
from looks import every, layers, rows_of, spoken, texts

from energychain.charts import as_table
from energychain.charts import scale as charts
from energychain.network.cluster import TwoStepProof
from energychain.network.nodes import FullNode
from energychain.studies import scale
from energychain.studies.small_clusters import grid_of, publish, small_cluster, steps

SMALL = (4, 16, 64)
YEAR = [asdict(row) for row in scale.year(homes=5)]
PROOFS = [asdict(row) for row in scale.proof_rows(range(4, 9))]


@cache
def rows():
    return [row.record() for row in scale.rows(SMALL)]


@cache
def two_steps() -> tuple[TwoStepProof, list]:
    both = [small_cluster(number) for number in range(2)]
    grid = grid_of(*both)
    block = publish(grid, *(one.anchor() for one in both))
    proof = both[0].two_steps(2, 1, FullNode(grid.chain).prove(block.height, 0))
    return proof, steps(proof, block.header)


def by_clusters(homes=100, quantity="messages"):
    return [
        {
            "homes": homes,
            "clusters": c,
            quantity: 1 + homes / c + c,
            "own": homes / c,
            "anchors": c,
        }
        for c in (1, 2, 5, 10, 20, 50, 100)
    ]


PICTURES = {
    "cost": lambda: charts.cost(rows()),
    "cost a day, ringed": lambda: charts.cost(
        rows(), "messages", times=96, per="day", at=[r for r in rows() if r["homes"] == 1_000]
    ),
    "clusters": lambda: charts.clusters(by_clusters(), "messages"),
    "clusters, chosen": lambda: charts.clusters(by_clusters(), "messages", chosen=50),
    "year": lambda: charts.year(YEAR),
    "proofs": lambda: charts.proofs(PROOFS),
    "ladder": lambda: charts.ladder(two_steps()[1]),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


@pytest.mark.parametrize(
    "draw",
    [charts.cost, charts.clusters, charts.year, charts.ladder, charts.proofs],
)
def test_nothing_is_not_drawn(draw):
    with pytest.raises(ValueError, match=r"no rows|at least two"):
        draw([])


# --- what a node bears ----------------------------------------------------------------


def test_marks_are_measured_and_dashes_are_the_law():
    spec = charts.cost(rows()).to_dict()
    marked = [
        row for layer in layers(spec, "point") if "data" in layer for row in rows_of(spec, layer)
    ]
    assert {row["how"] for row in marked if "how" in row} == {"measured"}
    assert {row["homes"] for row in marked if "how" in row} == set(SMALL)
    lines = layers(spec, "line")
    assert len(lines) == 2 * len(charts.ROLES)
    for line in lines:
        how = {row["how"] for row in rows_of(spec, line)}
        dashed = line["mark"]["strokeDash"] == list(charts.LAW)
        assert how == {"extrapolated" if dashed else "measured"}


def test_a_day_is_so_many_intervals():
    one = as_table(charts.cost(rows(), "messages"))
    day = as_table(charts.cost(rows(), "messages", times=96, per="day"))
    # Both are rounded to a thousandth for the picture.
    assert list(day["messages"]) == pytest.approx(list(96 * one["messages"]), abs=96 * 5e-4)


def test_roles_differ_without_colour():
    shapes = [shape for _, _, shape in charts.ROLES.values()]
    assert len(set(shapes)) == len(shapes)
    spec = charts.cost(rows()).to_dict()
    assert {words for words, _, _ in charts.ROLES.values()} <= set(texts(spec))


def test_the_title_is_the_ratio_of_the_last_rows():
    last = {
        row["role"]: row["messages"]
        for row in rows()
        if row["homes"] == 1_000_000 and row["role"] in ("full node", "aggregator")
    }
    times = last["full node"] / last["aggregator"]
    title = charts.cost(rows(), "messages").to_dict()["title"]["text"]
    assert title == f"In clusters {times:,.0f} times less, at 1,000,000 homes"


def test_without_the_two_roles_there_is_no_ratio():
    only = [row for row in rows() if row["role"] == "server"]
    title = charts.cost(only).to_dict()["title"]["text"]
    assert title == "Bytes kept against the number of homes"


def test_rings_stand_at_the_chosen_homes():
    at = [row for row in rows() if row["homes"] == 1_000]
    said = [row["_said"] for row in spoken(charts.cost(rows(), at=at).to_dict())]
    assert sum("at 1,000 homes" in each for each in said) == len(at) == 5


# --- clusters -------------------------------------------------------------------------


def test_the_least_is_marked_and_told():
    spec = charts.clusters(by_clusters(), "messages", chosen=50).to_dict()
    assert "least: 10" in texts(spec)
    assert [row["_said"] for row in spoken(spec)] == [
        "10 clusters: 21, the least",
        "50 clusters: 53",
    ]
    assert spec["title"]["text"] == "100 homes: least in 10 clusters"


def test_the_parts_and_the_whole_are_lines_of_their_own():
    spec = charts.clusters(by_clusters(), "messages").to_dict()
    drawn = {
        layer["encoding"]["y"]["field"]: tuple(layer["mark"]["strokeDash"])
        for layer in layers(spec, "line")
    }
    assert set(drawn) == {"messages", "own", "anchors"}
    assert len(set(drawn.values())) == 3


# --- a year and proofs ----------------------------------------------------------------


def test_bars_are_as_long_as_what_is_kept():
    spec = charts.year(YEAR).to_dict()
    (bar,) = layers(spec, "rect")
    assert [row["_x"] for row in rows_of(spec, bar)] == [row["kept_per_year"] / 1e6 for row in YEAR]


def test_the_slope_of_proofs_is_told():
    spec = charts.proofs(PROOFS).to_dict()
    slope = (PROOFS[-1]["kept"] - PROOFS[0]["kept"]) / 4
    assert f"{slope:.1f} bytes" in spec["title"]["text"]
    assert [row["leaves"] for row in as_table(charts.proofs(PROOFS)).to_dict("records")] == [
        16,
        32,
        64,
        128,
        256,
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (99_960, "100 kB"), (999_600, "1 MB")],
)
def test_amounts_change_their_unit_where_they_should(value, words):
    assert charts.amount(value) == words


# --- a proof in two steps -------------------------------------------------------------


def test_boxes_and_arrows_are_the_parts_of_the_proof():
    proof, parts = two_steps()
    sent = [row for row in parts if row["sent"]]
    # The canonical encoding adds some bytes around the parts.
    assert 0 < len(proof.encoded) - sum(row["bytes"] for row in sent) < 60
    paths = (proof.local.proof, proof.in_batch, proof.anchor.proof)
    assert [row["digests"] for row in parts if row["arrow"]] == [len(p.path) for p in paths]
    spec = charts.ladder(parts).to_dict()
    assert len(spoken(spec)) == sum(not row["arrow"] for row in parts)
    total = sum(row["bytes"] for row in sent)
    assert spec["title"]["text"].startswith(f"{total:,} bytes")


def test_what_is_there_already_is_dashed():
    spec = charts.ladder(two_steps()[1]).to_dict()
    solid, dashed = layers(spec, "rect")
    assert dashed["mark"]["strokeDash"] != solid["mark"]["strokeDash"]
    assert [row["what"] for row in rows_of(spec, dashed)] == ["a header of the grid"]


def test_a_path_of_no_digests_is_still_an_arrow():
    lone = small_cluster(0)
    grid = grid_of(lone)
    block = publish(grid, lone.anchor())
    proof = lone.two_steps(1, 0, FullNode(grid.chain).prove(block.height, 0))
    proof.check(block.header, lone.cluster)
    spec = charts.ladder(steps(proof, block.header)).to_dict()
    assert "0 digests" in texts(spec)
    assert len(spoken(spec)) == 4
