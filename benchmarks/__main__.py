"""
`make bench`: each line of work against the least that it could take on this machine,
measured in turn in one run, best of several. Ratios travel between machines; seconds
do not. Then the memory that each lesson takes.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from Crypto.Hash import SHA256

from benchmarks import (
    dc_line,
    explorers,
    load_shifting,
    markets,
    memory,
    merkle,
    messages,
    network,
    workloads,
)
from benchmarks.timing import RUNS, Result, best
from energychain.consensus.work import NoNonceFound, mine
from energychain.ledger.chain import Chain
from energychain.studies import token_day


def validate() -> Result:
    """Every rule about a chain of 2,000 signed transactions."""
    network = workloads.transfers(2_000)
    copies = iter([workloads.fresh_blocks(network.chain) for _ in range(RUNS + 1)])

    def ours() -> Chain:
        workloads.forget()
        chain = Chain.begin(network.chain.genesis, network.chain.contracts, network.chain.seal)
        for block in next(copies):
            chain = chain.append(block)
        return chain

    hashes = workloads.count_hashes(ours)
    floor = workloads.bare_verifications(network.chain, hashes)
    return Result("validate 2,000 signed transactions", *best(ours, floor), 1.25)


def mining(tries: int = 150_000) -> Result:
    """Hashes per second, against a bare loop over copies of a half-finished hash."""
    block = workloads.transfers(2).chain.blocks[1]
    impossible = replace(block, header=replace(block.header, target=0))

    def ours() -> None:
        with suppress(NoNonceFound):
            mine(impossible, tries)

    def floor() -> None:
        start, limit = SHA256.new(impossible.header.unsealed), bytes(32)
        for nonce in range(tries):
            attempt = start.copy()
            attempt.update(nonce.to_bytes(8, "big"))
            if attempt.digest() <= limit:
                break

    return Result("mine (bar: 0.9 of the bare rate)", *best(ours, floor), 1 / 0.9)


def day() -> Result:
    """A day of 20 homes at 15 minutes: signed, verified, settled, each reading proven."""
    meters = workloads.homes(20)

    def ours() -> None:
        workloads.forget()
        played = token_day.run(meters)
        for time, node in played.readings:
            signed, proof, header = played.proof(node, time)
            proof.check(signed.encoded, header.merkle_root)

    floor = workloads.bare_signing(20 * 96)
    return Result("a day of 20 homes, 1,920 readings", *best(ours, floor, 3), 1.5)


def imports(core: str = "import energychain", bar: float = 1.5) -> Result:
    """An import in a new process, less the start of Python itself."""
    bare = (
        "from Crypto.PublicKey import ECC; from Crypto.Signature import DSS;"
        " from Crypto.Hash import SHA256"
    )
    heavy = subprocess.run(
        [sys.executable, "-c", f"{core}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    loaded = {"pandas", "scipy", "altair", "ipywidgets"} & set(heavy)
    if loaded:
        sys.exit(f"import energychain loads {', '.join(sorted(loaded))}")

    def seconds(statement: str) -> float:
        timed = f"from time import perf_counter as t; s = t(); {statement}; print(t() - s)"
        runs = [
            subprocess.run(
                [sys.executable, "-c", timed], capture_output=True, text=True, check=True
            )
            for _ in range(9)
        ]
        return min(float(run.stdout) for run in runs)

    return Result(core[:46], seconds(core), seconds(bare), bar)


def import_core() -> Result:
    """The same with everything that a day on the chain needs."""
    return imports("import energychain.ledger.chain, energychain.contracts", 1.75)


def lessons() -> Result:
    """A lesson under strict nbval, one after the other, against a quarter of a minute each."""
    root = Path(__file__).parent.parent
    count = len(list((root / "lessons").glob("*.ipynb")))
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env", "lessons"]
    start = perf_counter()
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
    taken = (perf_counter() - start) / count
    return Result(f"a lesson under nbval, mean of {count}, in s", taken, 15.0, 1.0)


def speed() -> Iterator[bool]:
    """Print the table of times; whether each bar is met."""
    print(f"{'work':46} {'ours s':>9} {'floor s':>9} {'ratio':>7} {'bar':>6}")
    works = (
        validate,
        mining,
        day,
        *markets.WORKS,
        *dc_line.WORKS,
        *load_shifting.WORKS,
        *messages.WORKS,
        *merkle.WORKS,
        *network.WORKS,
        *explorers.WORKS,
        imports,
        import_core,
        lessons,
    )
    for work in works:
        result = work()
        print(
            f"{result.work:46} {result.ours:9.4f} {result.floor:9.4f} {result.ratio:7.2f}"
            f" {result.bar:6.2f} {'' if result.met else ' missed'}",
            flush=True,
        )
        yield result.met


def main() -> None:
    """Print the tables; exit 1 if a bar is missed."""
    met = [*speed(), *memory.table()]
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
