"""Lines are messages, bars are factors, words are verdicts."""

import pytest
from looks import every, layers, rows_of, texts

from energychain.charts import as_table, consensus

MESSAGES = [
    {"sent_ms": sent, "arrived_ms": sent + 50.0, "sender": a, "to": b, "kind": kind, "block": "A"}
    for sent, a, b, kind in (
        (0.0, 0, 1, "pre-prepare"),
        (0.0, 0, 2, "pre-prepare"),
        (50.0, 1, 2, "prepare"),
        (100.0, 2, 1, "gossip"),
    )
]
REPLICAS = {0: "lies", 1: "A is final", 2: "heard A: 2 of 3 prepares"}
ROWS = [
    {
        "protocol": name,
        "transactions_per_second": tps,
        "finality_median": wait,
        "messages_per_block": 11.0,
        "joules_per_kwh": joules,
    }
    for name, tps, wait, joules in (
        ("fast", 1000.0, 0.1, 0.0),
        ("middling", 100.0, 10.0, 0.0),
        ("slow", 10.0, 100.0, 570.0),
    )
]
GROWTH = [
    {"protocol": name, "nodes": n, "messages_per_block": count(n)}
    for n in (4, 8, 16)
    for name, count in (
        ("a", lambda n: n - 1.0),
        ("b", lambda n: n - 1.0),
        ("PBFT", lambda n: 2.0 * n * (n - 1)),
    )
]
VERDICTS = [
    {
        "protocol": name,
        "nodes": 12,
        "misbehaving": count,
        "runs": 5,
        "broken": broken,
        "stopped": stopped,
    }
    for name, count, broken, stopped in (
        ("a", 1, 0, 0),
        ("a", 7, 5, 5),
        ("b", 1, 0, 5),
        ("b", 7, 3, 0),
    )
]

PICTURES = {
    "sequence": lambda: consensus.sequence(MESSAGES, REPLICAS, until_ms=200, title="Messages"),
    "silence": lambda: consensus.sequence([], REPLICAS, until_ms=200, title="Nothing said"),
    "comparison": lambda: consensus.comparison(ROWS),
    "growth": lambda: consensus.growth(GROWTH),
    "misbehaviour": lambda: consensus.misbehaviour(VERDICTS),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


@pytest.mark.parametrize("draw", [consensus.comparison, consensus.growth, consensus.misbehaviour])
def test_no_rows_are_named(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


def test_a_message_goes_from_its_sender_to_its_receiver_and_the_last_is_thick():
    spec = PICTURES["sequence"]().to_dict()
    (thick,) = layers(spec, "rule", strokeWidth=3.5)
    (last,) = rows_of(spec, thick)
    assert (last["sent_ms"], last["_x2"]) == (100.0, 150.0)
    assert last["_y"] - last["_y2"] == consensus.LANE  # from replica 2 up to replica 1
    assert not layers(PICTURES["silence"]().to_dict(), "rule", strokeWidth=3.5)


def test_what_each_replica_knows_stands_at_its_line_and_a_liars_line_is_broken():
    spec = PICTURES["sequence"]().to_dict()
    assert {"lies", "A is final", "replica 0", "replica 2"} <= set(texts(spec))
    lines = layers(spec, "rule", strokeWidth=1.5)
    dashes = {tuple(layer["mark"]["strokeDash"]): len(rows_of(spec, layer)) for layer in lines}
    assert dashes == {(1, 0): 2, (3, 4): 1}


def test_a_bar_is_a_logarithm_and_nothing_has_no_bar():
    spec = PICTURES["comparison"]().to_dict()
    bars = [
        (layer["encoding"]["x"]["value"], layer["encoding"]["x2"]["value"])
        for layer in layers(spec, "rect")
    ]
    speed = [right - left for left, right in bars if left == 0]
    assert speed[0] - speed[1] == pytest.approx(speed[1] - speed[2])  # one factor of ten each
    assert len([left for left, _ in bars if left == 3 * consensus.CELL]) == 1  # only one hashes
    assert {"0 J", "570 J", "0.1 s", "1,000"} <= set(texts(spec))


def test_a_power_law_shows_its_power_and_equal_courses_share_a_line():
    spec = PICTURES["growth"]().to_dict()
    assert "the other 2: n to the power 1.1" in texts(spec)  # (n - 1) is not quite n yet
    assert "PBFT: n to the power 2.1" in texts(spec)
    assert spec["title"]["text"] == "For 16 replicas, PBFT needs 480 messages"
    assert len(as_table(PICTURES["growth"]())) == 6


def test_a_verdict_is_written_not_only_coloured():
    spec = PICTURES["misbehaviour"]().to_dict()
    assert sorted(text for text in texts(spec) if "/" in text or text == "holds") == [
        "holds",
        "lied to 3/5",
        "lied to 5/5",
        "stopped 5/5",
        "stopped 5/5",
    ]
    assert "Safety is lost in 2 of 4 cells" in spec["description"]
