"""Boxes are the digests of the library's own tree, and the way is the proof's."""

import pytest
import vl_convert

from energychain.charts import as_table, theme
from energychain.charts import merkle as charts
from energychain.primitives.merkle import MerkleTree
from energychain.widgets.merkle_proof import in_hand

SIZES = (1, 2, 3, 8, 11, 16)
TREES = {size: MerkleTree.over([b"%d" % n for n in range(size)]) for size in SIZES}


def drawn(size, leaf, step, data=None):
    tree = TREES[size]
    computed = in_hand(tree.inclusion(leaf), b"%d" % leaf if data is None else data)
    return charts.proof(tree, leaf, step, in_hand=computed)


LAST = {
    size: (size - 1, len(TREES[size].inclusion(size - 1).path)) for size in SIZES
}  # the last leaf, and its last step
ROWS = [
    {"leaves": 2**k, "all_bytes": 250 + 220 * 2**k, "proof_bytes": 250 + 32 * k} for k in (4, 8)
]

PICTURES = {
    **{f"proof of {size}": lambda size=size: drawn(size, *LAST[size]) for size in SIZES},
    "a leaf": lambda: drawn(8, 5, 0),
    "half the way": lambda: drawn(11, 2, 2),
    "a forgery": lambda: drawn(16, 9, 4, b"a lie"),
    "sizes": lambda: charts.sizes(ROWS),
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


def layers(spec, kind, **mark):
    return [
        layer
        for layer in spec["layer"]
        if layer["mark"]["type"] == kind
        and all(layer["mark"].get(name) == value for name, value in mark.items())
    ]


def texts(spec):
    found = set()
    for layer in layers(spec, "text"):
        text = layer["encoding"]["text"]
        rows = spec["datasets"][layer["data"]["name"]]
        found |= {text["value"]} if "value" in text else {row[text["field"]] for row in rows}
    return found


def states(picture):
    table = as_table(picture)
    return {(row.level, row.index_): row.state for row in _named(table)}


def _named(table):
    return table.rename(columns={"index": "index_"}).itertuples(index=False)


@every_picture
def test_it_is_titled_described_and_drawn_by_an_old_vega_lite(draw):
    spec = draw().to_dict()
    assert spec["title"]["text"] and len(spec["description"]) > 40
    vl_convert.vegalite_to_vega(theme.bundle(spec)[theme.VEGALITE], vl_version="5.8")


# --- the way --------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(1, 20))
def test_the_way_has_the_sisters_of_the_librarys_proof(size):
    tree = MerkleTree.over([b"%d" % n for n in range(size)])
    for leaf in range(size):
        way = charts.path(size, leaf)
        sisters = [tree.levels[other.level][other.index] for _, other, _ in way]
        assert tuple(sisters) == tree.inclusion(leaf).path


@pytest.mark.parametrize("size", range(1, 20))
def test_every_node_stands_over_its_own_leaves_and_is_drawn_once(size):
    nodes = set(charts.nodes(size).values())
    assert len(nodes) == 2 * size - 1
    tree = MerkleTree.over([b"%d" % n for n in range(size)])
    for node in nodes:
        below = MerkleTree.over([b"%d" % n for n in range(node.first, node.stop)])
        assert tree.levels[node.level][node.index] == below.root


def test_a_picture_keeps_its_size_whatever_the_tree():
    specs = (drawn(size, 0, 0).to_dict() for size in SIZES if size > 1)
    sizes = {(spec["width"], spec["height"]) for spec in specs}
    assert len(sizes) == 1


def test_no_such_leaf_and_no_such_step_are_named():
    with pytest.raises(ValueError, match="no leaf 8"):
        charts.path(8, 8)
    with pytest.raises(ValueError, match="no step 4"):
        drawn(8, 5, 4)


# --- the proof ------------------------------------------------------------------------


def test_a_step_gives_one_sister_and_computes_one_node():
    for step in range(4):
        found = list(states(drawn(8, 5, step)).values())
        assert found.count("computed") == step + 1
        assert found.count("given") == step
        assert found.count("not needed") == 15 - 7
        assert found.count("ahead") == 7 - (2 * step + 1)


def test_the_boxes_show_the_librarys_digests():
    tree, spec = TREES[8], drawn(8, 5, 3).to_dict()
    shown = {
        (row["level"], row["index"]): row["_t"]
        for row in spec["datasets"][spec["data"]["name"]]
        if row["_t"]
    }
    assert len(shown) == 7
    for (level, index), digits in shown.items():
        assert digits == tree.levels[level][index].hex()[:4]


@pytest.mark.parametrize("size", [size for size in SIZES if size > 1])
def test_the_end_says_whether_the_root_is_the_headers(size):
    leaf, step = LAST[size]
    root = TREES[size].root.hex()[:4]
    true, forged = (drawn(size, leaf, step, data).to_dict() for data in (None, b"a lie"))
    assert {"=", f"the header says {root}"} <= texts(true)
    assert {"≠", f"the header says {root}"} <= texts(forged)
    assert true["title"]["text"] == "This is the header's root: proved"
    assert forged["title"]["text"] == "Not the header's root: refused"


def test_before_the_end_nothing_is_said_of_the_root():
    spec = drawn(8, 5, 2).to_dict()
    assert not {"=", "≠"} & texts(spec)
    assert spec["title"]["text"] == "Step 2 of 3"
    assert "?" in texts(spec)


def test_the_states_differ_without_colour():
    frames = {
        (look["strokeWidth"], tuple(look.get("strokeDash", ())), look["stroke"])
        for look in charts.LOOKS.values()
    }
    assert len(frames) == len(charts.LOOKS)


def test_boxes_of_sixteen_do_not_touch():
    leaves = [row for row in _named(as_table(drawn(16, 9, 4))) if row.level == 0]
    assert len(leaves) == 16
    assert charts.WIDTH / 16 > charts.BOX + 4


# --- sizes ----------------------------------------------------------------------------


def test_sizes_are_the_rows():
    table = as_table(charts.sizes(ROWS))
    assert table.to_dict("records") == ROWS
    assert {f"{ROWS[-1]['all_bytes']:,}", f"{ROWS[-1]['proof_bytes']:,}"} <= texts(
        charts.sizes(ROWS).to_dict()
    )


def test_no_rows_are_named():
    with pytest.raises(ValueError, match="no rows"):
        charts.sizes([])
