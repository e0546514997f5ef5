"""Cells are the bits, bars are the counts, curves are what chance lets expect."""

from math import comb

import pytest
import vl_convert

from energychain.charts import as_table, theme
from energychain.charts import hashing as charts
from energychain.primitives.hashing import sha256

OLD, NEW = sha256(b"abc"), sha256(b"abd")
COUNTS = [118, 126, 126, 128, 131, 140]
FIRST = charts.Miner("miner 1", 54, 54.0, "54 tries to nonce 53")
SECOND = charts.Miner("miner 2", 1_459, 729.5, "1,459 tries to nonce 1,458")
NOBODY = [charts.Miner(name, None, 65_536.0, "no find") for name in ("miner 1", "miner 2")]

PICTURES = {
    "bits": lambda: charts.bits(OLD, NEW),
    "bits of one digest": lambda: charts.bits(OLD, OLD),
    "changes": lambda: charts.changes(COUNTS, shown=131),
    "changes, nothing marked": lambda: charts.changes(COUNTS),
    "race": lambda: charts.race([FIRST, SECOND], 1_024),
    "race that nobody wins": lambda: charts.race(NOBODY, 65_536),
    "tries": lambda: charts.tries([3, 10, 40, 100], 16),
    "tries in vain": lambda: charts.tries([], 65_536),
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


def layers(spec, kind, **mark):
    return [
        layer
        for layer in spec["layer"]
        if layer["mark"]["type"] == kind
        and all(layer["mark"].get(name) == value for name, value in mark.items())
    ]


def rows_of(spec, layer):
    return spec["datasets"][layer["data"]["name"]]


def texts(spec):
    return {
        layer["encoding"]["text"]["value"]
        for layer in layers(spec, "text")
        if "value" in layer["encoding"]["text"]
    }


def title(picture):
    heading = picture.to_dict()["title"]
    return heading["text"], heading.get("subtitle", [""])[0]


@every_picture
def test_it_is_titled_described_and_drawn_by_an_old_vega_lite(draw):
    spec = draw().to_dict()
    assert spec["title"]["text"] and len(spec["description"]) > 40
    vl_convert.vegalite_to_vega(theme.bundle(spec)[theme.VEGALITE], vl_version="5.8")


@every_picture
def test_two_drawings_are_the_same(draw):
    assert draw().to_dict() == draw().to_dict()


# --- bits -----------------------------------------------------------------------------


def test_each_cell_is_a_bit_of_the_new_digest_and_says_whether_it_changed():
    table = as_table(charts.bits(OLD, NEW))
    old, new = (f"{int.from_bytes(data, 'big'):0256b}" for data in (OLD, NEW))
    assert table.changed.tolist() == [a != b for a, b in zip(old, new, strict=True)]
    assert "".join(map(str, table.value)) == new


def test_what_changed_is_bold_and_dark_so_it_reads_without_colour():
    spec = charts.bits(OLD, NEW).to_dict()
    (bold,) = layers(spec, "text", fontWeight="bold", color="white")
    (dark,) = layers(spec, "rect", fill=charts.CHANGED, stroke="white")
    assert bold["transform"] == dark["transform"] == [{"filter": "datum.changed"}]
    assert bold["encoding"]["text"]["field"] == "value"
    count = sum(charts.flipped(OLD, NEW))
    assert title(charts.bits(OLD, NEW))[0] == f"{count} of 256 bits have changed"


def test_nothing_changes_between_a_digest_and_itself():
    assert title(charts.bits(OLD, OLD))[0] == "0 of 256 bits have changed"


def test_bits_need_whole_rows():
    with pytest.raises(ValueError, match="multiple of 16"):
        charts.bits(b"abc", b"abd")
    with pytest.raises(ValueError, match="not 0"):
        charts.bits(b"", b"")


# --- changes --------------------------------------------------------------------------


def test_bars_count_and_the_curve_is_the_binomial():
    table = as_table(charts.changes(COUNTS, shown=131)).set_index("changed")
    for k in table.index:
        assert table.loc[k, "times"] == COUNTS.count(k)
        assert table.loc[k, "coins"] == pytest.approx(6 * comb(256, k) / 2**256, abs=1e-4)
    assert table.times.sum() == len(COUNTS)
    assert table.coins.sum() == pytest.approx(len(COUNTS), abs=0.01)


def test_whole_things_have_whole_ticks():
    for picture in (charts.changes([130], shown=130), charts.tries([], 65_536)):
        bars = next(layer for layer in picture.to_dict()["layer"] if "y2" in layer["encoding"])
        assert all(isinstance(tick, int) for tick in bars["encoding"]["y"]["axis"]["values"])


def test_one_count_is_marked_in_words():
    assert "this one: 131" in texts(charts.changes(COUNTS, shown=131).to_dict())
    assert not any("this one" in text for text in texts(charts.changes(COUNTS).to_dict()))


def test_far_off_counts_are_still_shown():
    table = as_table(charts.changes([0, 256], shown=0))
    assert table.times.sum() == 2
    assert (table.changed.min(), table.changed.max()) == (0, 256)


def test_no_counts_are_named():
    with pytest.raises(ValueError, match="no counts"):
        charts.changes([])


# --- the race -------------------------------------------------------------------------


def test_the_bars_are_filled_until_the_first_find_and_outlined_beyond():
    spec = charts.race([FIRST, SECOND], 1_024).to_dict()
    whole = [rows_of(spec, layer)[0]["_x2"] for layer in layers(spec, "rect", fill="white")]
    assert whole == [54.0, 729.5]
    (won,) = layers(spec, "rect", fill=charts.CHANGED)
    (lost,) = layers(spec, "rect", fill=charts.FOUND)
    assert rows_of(spec, won)[0]["_x2"] == rows_of(spec, lost)[0]["_x2"] == 54.0
    assert "first: 54 tries to nonce 53" in texts(spec)


@pytest.mark.parametrize(
    ("miners", "words"),
    [
        ([FIRST, SECOND], "Miner 1 is first"),
        ([SECOND], "Miner 2 is first"),
        (NOBODY, "Nobody finds a nonce within the run"),
        ([FIRST, charts.Miner("miner 2", 108, 54.0, "108 tries")], "Both at once"),
        ([NOBODY[0], SECOND], "Miner 2 is first"),
    ],
)
def test_the_title_is_the_outcome(miners, words):
    assert title(charts.race(miners, 1_024))[0] == words


def test_no_miners_are_named():
    with pytest.raises(ValueError, match="no miners"):
        charts.race([], 16)


# --- tries ----------------------------------------------------------------------------


def test_every_try_up_to_five_means_falls_into_one_bar():
    found = list(range(1, 81))
    table = as_table(charts.tries(found, 16))
    assert table.finds.sum() == 80
    assert (table.finds == table["to"] - table["from"] + 1).all()


def test_the_curve_is_geometric():
    table = as_table(charts.tries([1] * 100, 16))
    chance = 1 / 16
    for low, high, expected in table[["from", "to", "chance"]].itertuples(index=False):
        exact = sum(chance * (1 - chance) ** (k - 1) for k in range(low, high + 1))
        assert expected == pytest.approx(100 * exact, abs=1e-3)


def test_what_is_not_shown_is_said():
    assert title(charts.tries([3, 100], 16)) == (
        "2 finds, after 52 tries on average",
        "16 are expected; 1 took longer than is shown",
    )
    assert title(charts.tries([7], 16))[0] == "One find, after 7 tries"
    assert title(charts.tries([], 16)) == ("No find within the run", "16 are expected")
