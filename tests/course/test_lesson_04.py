"""The exercises of lesson 04 agree with the ledger, and their advice fits what people write."""

import os
import subprocess
import sys

from energychain.course.exercises import check, solution
from energychain.ledger.state import Event, GasSchedule, Outcome, Transfer
from energychain.studies.gas import itemised
from energychain.studies.jar import JAR, NotYours, jar
from energychain.studies.private_chain import PrivateChain


def test_credit_lets_a_debt_grow_to_one_token_and_no_further():
    names = {}
    exec(solution("04.credit"), names)
    chain = PrivateChain(
        ["ann", "ben"],
        contracts={"jar": names["answer"]},
        balances=[("token", "ann", 5_000), ("token", "ben", 5_000)],
    )
    chain.open_block()
    assert chain.send("ann", "jar", "put", 3_000).done
    assert chain.send("ben", "jar", "draw", 1_000).done
    assert chain.send("ben", "jar", "draw", 1).refusal == "jar"


def test_a_contract_that_fails_or_does_too_much_is_told_so():
    assert "ZeroDivisionError" in check("04.credit", lambda *_: 1 // 0).message
    assert "just as the jar does" in check("04.credit", lambda *_: Outcome()).message
    assert "expected a contract" in check("04.credit", 7).message
    odd = check("04.credit", lambda s, who, call: _even_only(s, who, call)).message
    assert odd.startswith("look at somebody who has")


def _even_only(storage, sender, call):
    if call.arguments[0] % 2:
        raise NotYours("no")
    return jar(storage, sender, call)


def test_the_gas_of_the_exercise_is_what_the_ledger_would_take():
    prices = GasSchedule()

    class Reading:
        transaction = type("Wish", (), {"encoded": b"." * 200})

    two = Outcome(
        {"a" * 28: "b" * 8, "c" * 28: "d" * 8},
        (Transfer("token", JAR, JAR, 1),),
        (Event("Done"),),
    )
    items = itemised(prices, Reading, two)
    assert items[3]["count"] == 90
    names = {}
    exec(solution("04.gas"), names)
    assert names["answer"] == prices.before(Reading) + prices.outcome(two)


RAFFLE = """
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import sha256
members = tuple(f"home {n}" for n in range(40))
seed = sha256(encode((1_000, len(members))))
others = list({member for member in members if member != "home 7"})
print(seed.hex(), others[int.from_bytes(seed) % len(others)], sep="|")
"""


def test_the_line_of_the_exercise_is_the_one_on_which_nodes_differ():
    said = {
        subprocess.run(
            [sys.executable, "-c", RAFFLE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2", "3")
    }
    seeds, winners = zip(*(line.split("|") for line in said), strict=True)
    assert len(set(seeds)) == 1  # line 3 is the same everywhere
    assert len(set(winners)) > 1
