"""Bitcoin's numbers: compact targets, work, retargeting and the median time past."""

from dataclasses import replace
from itertools import pairwise
from statistics import median_high

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.consensus.difficulty import (
    COMPACT_VECTORS,
    GENESIS,
    HASHES,
    PAST_RETARGETS,
    BadTarget,
    CompactVector,
    PastRetarget,
    Retarget,
    bits_and_hash,
    block_work,
    chainwork,
    check_median_time,
    compact,
    expanded,
    header_work,
    median_time_past,
    target_of,
    time_of,
    unpacked,
)
from energychain.consensus.work import target_for, work
from energychain.ledger.chain import Chain, WrongTarget, WrongTime
from energychain.ledger.genesis import NOBODY
from energychain.primitives.bitcoin import double_sha256
from energychain.studies.testbed import ChainTerms, Testbed

HEADERS = {
    403_200: "04000000473ed7b7ef2fce828c318fd5e5868344a5356c9e93b604040000000000000000"
    "4409cae5b7b2f8f18ea55f558c9bfa7c5f4778a1a53172a48fc57e172d0ed3d264c5eb56c3a40618af9bc1c7",
    405_215: "040000005f5560a04006b8a4a6fc85c7a7816c36f89a6da5b03aaa000000000000000000"
    "e74d25fadc646f6e0e2b781da6d172170ed1213afb9ac6f05c5a5dc482830e520914fe56c3a40618a6a1ffc0",
    405_216: "04000000f7ef2881b8a0cb415ba81e889c79bc5f1b098167c95646030000000000000000"
    "a48869fe8d6777821fa85525139cb77d12c440c16182c637e943dfea7d937daa7b16fe56f49606185628272d",
    471_744: "000000203471101bbda3fe307664b3283a9ef0e97d9a38a7eacd88000000000000000000"
    "10c8aba8479bbaa5e0848152fd3c2289ca50e1c3e58c9a4faaafbdf5803c5448ddb845597e8b0118e43a81d3",
    473_759: "02000020f1472d9db4b563c35f97c428ac903f23b7fc055d1cfc26000000000000000000"
    "b3f449fcbe1bc4cfbcb8283a0d2c037f961a3fdf2b8bedc144973735eea707e1264258597e8b0118e5f00474",
    473_760: "0200002099d6a70c547bbaa1a820490bd02cc378d3bc6e20469438010000000000000000"
    "b66a0b024cfdf07d0dd97e18ad6ef1a411b0452129d3bfe3e6ebae55defec4dd95425859308d0118bc260a08",
}
"""Six of Bitcoin's headers by height; no byte of them could be wrong, for they are sealed."""


# --- compact --------------------------------------------------------------------------


@pytest.mark.parametrize("vector", COMPACT_VECTORS, ids=lambda vector: f"{vector.bits:08x}")
def test_compact_forms_are_read_as_bitcoin_core_reads_them(vector: CompactVector) -> None:
    found = unpacked(vector.bits)
    assert (found.negative, found.overflow) == (vector.negative, vector.overflow)
    if vector.number is not None:
        assert found.number == vector.number
        assert compact(found.number, negative=found.negative) == vector.again


def test_no_compact_form_has_a_digit_where_the_sign_is() -> None:
    assert compact(0x80) == 0x02008000
    assert expanded(0x02008000) == 0x80


@pytest.mark.parametrize(
    ("bits", "overflow"),
    [
        # Bitcoin Core's three conditions, each at its edge
        (0x2100FFFF, False),
        (0x21010000, True),
        (0x220000FF, False),
        (0x22000100, True),
        (0x23000001, True),
        (0x23000000, False),
        (0xFF000001, True),
        (0xFF800000, False),
        (0x20FFFFFF, False),
    ],
)
def test_what_overflows(bits: int, overflow: bool) -> None:
    assert unpacked(bits).overflow is overflow


@settings(max_examples=300)
@given(st.integers(0, HASHES - 1), st.booleans())
def test_a_compact_form_keeps_the_leading_digits_and_is_kept_itself(
    number: int, negative: bool
) -> None:
    bits = compact(number, negative=negative)
    again = unpacked(bits)
    assert compact(again.number, negative=again.negative) == bits
    assert again.number <= number
    assert number - again.number <= number >> 15, "at least 15 bits are kept"
    assert again.negative == (negative and number > 0)


@given(st.integers(0, 0xFFFFFFFF))
def test_every_32_bits_say_something(bits: int) -> None:
    """The judge follows Bitcoin Core's SetCompact step by step, on 32-bit words."""
    size, word = bits >> 24, bits & 0x007FFFFF
    if size <= 3:
        word >>= 8 * (3 - size)
    found = unpacked(bits)
    assert found.negative == (word != 0 and bits & 0x00800000 != 0)
    assert found.overflow == (
        word != 0 and (size > 34 or (word > 0xFF and size > 33) or (word > 0xFFFF and size > 32))
    )
    if not found.overflow:
        assert found.number == (word if size <= 3 else word << 8 * (size - 3))


@pytest.mark.parametrize(
    ("bits", "why"),
    [
        (0x1D80FFFF, "negative"),
        (0x00000000, "is zero"),
        (0x1D800000, "is zero"),
        (0xFF123456, "does not fit 256 bits"),
        (0x1D010000, "easier than the limit 1d00ffff"),
    ],
)
def test_what_is_no_target_is_refused_with_its_reason(bits: int, why: str) -> None:
    with pytest.raises(BadTarget, match=why):
        target_of(bits, Retarget().limit)


def test_the_arguments_have_their_ranges() -> None:
    with pytest.raises(ValueError, match="32 bits"):
        unpacked(1 << 32)
    with pytest.raises(ValueError, match="sign"):
        compact(-1)
    with pytest.raises(ValueError, match="at least 2 blocks"):
        Retarget(interval=1)


# --- work -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bits", "printed"),
    [(0x1D00FFFF, 0x100010001), (0x1D00D86A, 0x12ED3AFD2), (0x1D00C428, 0x14E19DB60)],
)
def test_the_work_of_a_block_is_bitcoin_s(bits: int, printed: int) -> None:
    assert block_work(target_of(bits)) == printed


def test_the_chainwork_of_bitcoin_s_block_34272() -> None:
    """Three targets, 32,256 blocks, 2,016 and one: 0x87528f22ef20, as nodes report it."""
    spans = ((0x1D00FFFF, 32_256), (0x1D00D86A, 2_016), (0x1D00C428, 1))
    total = sum(count * block_work(target_of(bits)) for bits, count in spans)
    assert total == 0x87528F22EF20


@given(st.integers(0, 255))
def test_whole_work_is_the_average_number_of_tries(bits: int) -> None:
    assert block_work(target_for(bits)) == work(target_for(bits)) == 2**bits


def test_chainwork_adds_up_our_own_headers() -> None:
    network = Testbed(["ann"], ChainTerms(difficulty_bits=4))
    network.mine()
    network.mine()
    headers = [block.header for block in network.chain.blocks]
    assert chainwork(headers) == 3 * header_work(headers[0]) == 48


# --- retargeting ----------------------------------------------------------------------


@pytest.mark.parametrize("past", PAST_RETARGETS, ids=lambda past: str(past.height))
def test_the_difficulty_changes_as_it_did(past: PastRetarget) -> None:
    assert past.height % Retarget().interval == 0
    assert Retarget().next_bits(past.bits, past.first_time, past.last_time) == past.next_bits


def test_the_past_is_what_the_sealed_headers_say() -> None:
    headers = {height: bytes.fromhex(header) for height, header in HEADERS.items()}
    for header in (*headers.values(), GENESIS):
        bits, number = bits_and_hash(header)
        assert number <= target_of(bits, Retarget().limit), "not sealed: a byte is wrong"
    for before, after in ((405_215, 405_216), (473_759, 473_760)):
        assert headers[after][4:36] == double_sha256(headers[before])
    past = {each.height: each for each in PAST_RETARGETS}
    for height in (405_216, 473_760):
        first, last, new = headers[height - 2016], headers[height - 1], headers[height]
        found = past[height]
        assert (found.first_time, found.last_time) == (time_of(first), time_of(last))
        assert found.bits == bits_and_hash(first)[0] == bits_and_hash(last)[0]
        assert found.next_bits == bits_and_hash(new)[0]
    assert past[2016].first_time == time_of(GENESIS)


def test_the_clamp_from_above_on_bitcoin_core_s_made_up_time() -> None:
    assert Retarget().next_bits(0x1C387F6F, 1_263_163_443, 1_269_211_443) == 0x1D00E1FD


@given(st.integers(1, 1 << 200), st.integers(-(10**9), 10**9))
def test_no_change_is_larger_than_four_or_easier_than_the_limit(target: int, taken: int) -> None:
    rule = Retarget()
    new = rule.next_target(target, 10**9, 10**9 + taken)
    assert new <= min(4 * target, rule.limit)
    assert new >= (target // 4) - (target >> 15) - 1
    assert expanded(compact(new)) == new


def test_a_target_on_time_stays_but_for_the_interval_that_is_not_counted() -> None:
    """2015 times of ten minutes are held against 2016: on time looks too fast."""
    rule, target = Retarget(interval=8, spacing=10), 1 << 200
    assert rule.next_target(target, 0, 8 * 10) == target
    assert rule.next_target(target, 0, 7 * 10) == expanded(compact(target * 7 // 8))
    assert rule.next_target(target, 0, round(7 * rule.settled_spacing)) == target


def miners_of(power: int, rule: Retarget, blocks: int) -> list[int]:
    """The times between the blocks of miners who try ``power`` nonces a second, without
    chance: every block takes exactly its average.
    """
    target, times = rule.limit, [0]
    for height in range(1, blocks):
        if height % rule.interval == 0:
            target = rule.next_target(target, times[height - rule.interval], times[-1])
        times.append(times[-1] + block_work(target) // power)
    return [later - sooner for sooner, later in pairwise(times)]


def test_steady_miners_settle_at_the_settled_spacing() -> None:
    rule = Retarget(interval=8, spacing=10_000, limit=target_for(10))
    spacings = miners_of(power=10, rule=rule, blocks=400)
    assert sum(spacings[-8:]) / 8 == pytest.approx(rule.settled_spacing, rel=0.001)
    assert rule.settled_spacing / rule.spacing == pytest.approx(8 / 7)


def test_a_chain_of_ours_is_retargeted_and_asks_for_it() -> None:
    """The judge reads the times off the chain."""
    rule = Retarget(interval=3, spacing=20, limit=target_for(0))
    network = Testbed(["ann"], ChainTerms(difficulty_bits=0))
    genesis = network.chain.genesis
    chain = Chain.begin(genesis, network.chain.contracts, lambda header: None, rule)
    for gap in (1, 1, 1, 50, 50, 50, 60, 60, 60):
        chain = chain.draft(chain.head.header.time + gap, NOBODY).finish(lambda block: block)
    targets = [block.header.target for block in chain.blocks]
    times = [block.header.time for block in chain.blocks]
    for height in (3, 6, 9):
        assert len(set(targets[height - 3 : height])) == 1
        span = min(max(times[height - 1] - times[height - 3], 15), 240)
        expected = min(targets[height - 1] * span // 60, target_for(0))
        assert targets[height] == expanded(compact(expected))
    assert targets[3] < targets[0]
    assert targets[9] > targets[6] > targets[3]
    assert chain.validate().head == chain.head
    wrong = replace(chain.head.header, height=10, parent=chain.head.hash, time=10**6, target=1)
    with pytest.raises(WrongTarget):
        chain.append(replace(chain.head, header=wrong))


# --- time -----------------------------------------------------------------------------


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=30))
def test_the_median_time_past_is_the_median_of_the_last_eleven(times: list[int]) -> None:
    assert median_time_past(times) == median_high(times[-11:])


def test_a_block_may_be_earlier_than_its_parent_but_not_than_the_median() -> None:
    times = [*range(0, 110, 10), 10_000]
    assert median_time_past(times) == 60
    check_median_time(61, times)
    with pytest.raises(WrongTime, match="median of the last 11 blocks"):
        check_median_time(60, times)
    with pytest.raises(WrongTime, match="last 1 blocks"):
        check_median_time(0, [0])
    with pytest.raises(ValueError, match="at least one block"):
        median_time_past([])
