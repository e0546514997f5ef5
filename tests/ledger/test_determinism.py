"""The same play ends in the same hash: in every process, in every order of hashing."""

import os
import subprocess
import sys

from energychain.ledger import saved
from energychain.studies import token_day

HEADS = """
from energychain.ledger import saved
from energychain.studies.token_day import run
from energychain.primitives.hashing import sha256
chain = run().chain
print(chain.head.hash.hex(), sha256("\\n".join(saved.lines(chain)).encode()).hex())
"""


def in_a_process(seed: str) -> str:
    """The head hash and the digest of the saved lines, worked out in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", HEADS],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_head_hash_is_equal_across_processes_and_hash_seeds() -> None:
    here = token_day.run().chain
    heads = {in_a_process("0"), in_a_process("4711")}
    assert len(heads) == 1
    assert heads.pop().startswith(here.head.hash.hex() + " ")


def test_two_runs_in_one_process_give_the_same_bytes() -> None:
    first, second = (list(saved.lines(token_day.run().chain)) for _ in range(2))
    assert first == second
