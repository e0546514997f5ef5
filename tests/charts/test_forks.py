"""Boxes are blocks, falling curves are un-settled trades, lines are formulas."""

import pytest
from looks import every, layers, rows_of, texts

from energychain.charts import as_table, forks
from energychain.consensus.double_spend import clopper_pearson, exact, nakamoto, simulate
from energychain.studies.attack_bench_consensus import (
    selfish_revenue,
    selfish_rows,
    selfish_threshold,
)

TREE = [
    {
        "height": height,
        "lane": lane,
        "parent_lane": parent,
        "made_by": letter,
        "followed_by": followed,
        "trades": 2,
    }
    for height, lane, parent, letter, followed in (
        (0, 0, 0, "·", "both"),
        (1, 0, 0, "W", "west"),
        (1, 1, 0, "E", "east"),
        (2, 1, 1, "E", "east"),
        (1, 2, 0, "E", "nobody"),
    )
]
CURVES = [
    {"minutes": 0.0, "east": 0.0, "west": 0.0},
    {"minutes": 1.0, "east": 4.5, "west": 2.0},
    {"minutes": 2.5, "east": 1.0, "west": 3.0},
    {"minutes": 3.0, "east": 1.0, "west": 3.5},
]
STALE = [{"latency_s": s, "measured": 0.03 * s, "formula": s / (s + 15)} for s in (0, 5, 10)]
ODDS = [
    {
        "share": 0.1,
        "confirmations": z,
        "nakamoto": nakamoto(0.1, z),
        "exact": exact(0.1, z),
        **dict(zip(("low", "high"), clopper_pearson(simulate(0.1, z, 500), 500), strict=True)),
        "simulated": simulate(0.1, z, 500) / 500,
    }
    for z in range(13)
]
SELFISH = selfish_rows([0.1, 0.2, 0.3, 0.4], rounds=200)

PICTURES = {
    "tree": lambda: forks.tree(TREE, heights=5, lanes=3, title="Two chains"),
    "first block": lambda: forks.tree(TREE[:1], heights=5, lanes=3, title="One block"),
    "settled": lambda: forks.settled(CURVES, until=4, cut=(0.5, 2.0), title="Settled"),
    "settled, no cut": lambda: forks.settled(CURVES[:2], until=4, cut=None, title="Settled"),
    "stale": lambda: forks.stale(STALE),
    "odds": lambda: forks.odds(ODDS, marked={12: "the testbed: 12", 40: "far off"}),
    "selfish": lambda: forks.selfish(SELFISH),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: forks.tree([], heights=1, lanes=1, title="x"),
        lambda: forks.settled([], until=1, cut=None, title="x"),
        lambda: forks.stale([]),
        lambda: forks.odds([]),
        lambda: forks.selfish([]),
    ],
)
def test_no_rows_are_named(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw()


# --- the tree -------------------------------------------------------------------------


def test_every_block_is_drawn_once_and_says_who_follows_it():
    spec = PICTURES["tree"]().to_dict()
    drawn = [row for layer in layers(spec, "point") for row in rows_of(spec, layer)]
    assert sorted(row["height"] for row in drawn) == [0, 1, 1, 1, 2]
    (orphan,) = [row for row in drawn if row["_said"].endswith("orphaned, 2 trades")]
    assert orphan["_t"] == "E"
    assert "1 orphaned" in spec["description"]


def test_orphans_differ_in_their_frame_too():
    assert forks.LOOKS["nobody"]["strokeDash"]
    assert not [name for name in ("both", "east", "west") if "strokeDash" in forks.LOOKS[name]]


def test_a_block_is_tied_to_the_line_of_its_parent():
    spec = PICTURES["tree"]().to_dict()
    (ties,) = [
        layer for layer in layers(spec, "rule") if layer["encoding"]["x"].get("field") == "height"
    ]
    found = {
        (row["height"], row["_y"], row["_parent"], row["_from"]) for row in rows_of(spec, ties)
    }
    main, second = (forks.LANE * lane + 8 + forks.BOX / 2 for lane in (0, 1))
    assert (2, second, 1, second) in found
    assert (1, second, 0, main) in found
    assert len(found) == 4  # not the first block


# --- what is settled ------------------------------------------------------------------


def test_a_mark_stands_where_a_curve_falls_and_nowhere_else():
    spec = PICTURES["settled"]().to_dict()
    (mark,) = layers(spec, "point", shape="triangle-down")
    assert rows_of(spec, mark) == [{"minutes": 2.5, "east": 1.0}]
    assert "falling by 3.5 kWh at 2.5 min" in spec["description"]
    assert not layers(PICTURES["settled, no cut"]().to_dict(), "point")


def test_the_cut_is_shaded():
    spec = PICTURES["settled"]().to_dict()
    (shade,) = layers(spec, "rect", fill="#ececec")
    assert rows_of(spec, shade) == [{"minutes": 0.5, "_end": 2.0}]
    assert not layers(PICTURES["settled, no cut"]().to_dict(), "rect", fill="#ececec")


# --- odds and revenue -----------------------------------------------------------------


def test_the_curves_are_the_formulas():
    table = as_table(PICTURES["odds"]()).set_index("confirmations")
    assert table.loc[5, "exact"] == pytest.approx(0.0017818, abs=5e-8)
    assert table.loc[5, "nakamoto"] == pytest.approx(0.0009137, abs=5e-8)


def test_intervals_stay_on_the_scale_and_marks_off_it_are_left_out():
    spec = PICTURES["odds"]().to_dict()
    (bars,) = [
        layer for layer in layers(spec, "rule") if layer["encoding"].get("y2", {}).get("field")
    ]
    ends = rows_of(spec, bars)
    assert min(row["_low"] for row in ends) == forks.LEAST
    assert all(row["_low"] <= max(row["simulated"], forks.LEAST) <= row["_high"] for row in ends)
    assert "the testbed: 12" in texts(spec)
    assert "far off" not in texts(spec)


def test_selfish_mining_pays_where_the_threshold_says():
    words = PICTURES["selfish"]().to_dict()["description"]
    first = {1: "10%", 0.5: "30%", 0: "40%"}
    for gamma, share in first.items():
        assert (
            f"with {gamma:.0%} of the others on its side it pays, of the shares shown, from"
            in words
        )
        assert float(share[:-1]) / 100 > selfish_threshold(gamma)
        assert (
            f"{gamma:.0%} of the others on its side it pays, of the shares shown, from {share}"
            in words
        )
    table = as_table(PICTURES["selfish"]())
    for row in table.itertuples():
        assert row.formula == selfish_revenue(row.share, row.gamma)
