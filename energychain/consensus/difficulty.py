r"""
How hard a block is, and who decides it. Bitcoin writes a target in four bytes (nBits),
counts the work that it stands for, and every 2016 blocks sets a new one from the time
that the last ones took (Nakamoto, 2009; Bitcoin Core, ``arith_uint256.cpp``, ``pow.cpp``,
``chain.h``). The vectors below are Bitcoin Core's and Bitcoin's own blocks.

The compact form of a number :math:`N` is its length in bytes :math:`s` and its first
three bytes :math:`m`, with a sign in the highest bit of those:

.. math:: N = m \cdot 256^{s-3}

A target :math:`T` is met once in :math:`2^{256}/(T+1)` tries, which is the work of a
block. The chain with the most work counts, however long it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from energychain.ledger.block import Header
from energychain.ledger.chain import Chain, WrongTime
from energychain.primitives.bitcoin import bitcoin_header, double_sha256
from energychain.primitives.refusals import Refusal

HASHES = 1 << 256
"""So many hashes there are."""

SIGN, LEADING = 0x800000, 0x7FFFFF
"""The bit of a compact form that says "negative", and the 23 bits of the number."""


class BadTarget(Refusal):
    """Four bytes that stand for no target."""

    rule = "target"


# --- compact nBits --------------------------------------------------------------------


@dataclass(frozen=True)
class Compact:
    """What four bytes say: a number, whether it is negative, and whether it fits 256 bits."""

    number: int
    """The number without its sign."""

    negative: bool
    overflow: bool


def unpacked(bits: int) -> Compact:
    """What a compact form says, as Bitcoin Core reads it (``arith_uint256::SetCompact``).

    Nothing is negative that is zero, and nothing overflows.

    >>> unpacked(0x04923456)
    Compact(number=305419776, negative=True, overflow=False)
    >>> unpacked(0xFF123456).overflow
    True

    Raises ``ValueError`` unless ``bits`` has 32 bits.
    """
    if not 0 <= bits < 1 << 32:
        raise ValueError(f"a compact form has 32 bits, {bits:x} has not")
    number = expanded(bits)
    # Whether the digits that were shifted out were all there was, decides on the sign too.
    negative = bool(bits & SIGN) and number != 0
    return Compact(number, negative, number >= HASHES)


def expanded(bits: int) -> int:
    """The number of which these bits are the compact form, but for the digits left out,
    and without its sign.

    >>> f"{expanded(0x1D00FFFF):x}"[:8]
    'ffff0000'
    """
    length, leading = bits >> 24, bits & LEADING
    return leading << 8 * (length - 3) if length > 3 else leading >> 8 * (3 - length)


def compact(number: int, *, negative: bool = False) -> int:
    """Bitcoin's compact form of a number: its length in bytes, then its first three bytes.

    >>> f"{compact(0xFFFF << 208):x}"
    '1d00ffff'

    Raises ``ValueError`` if the number is below 0: its sign goes beside it.
    """
    if number < 0:
        raise ValueError(f"the sign is told apart from the number: found {number}")
    length = (number.bit_length() + 7) // 8
    leading = number >> 8 * (length - 3) if length > 3 else number << 8 * (3 - length)
    if leading & SIGN:  # a digit stands where the sign should
        length, leading = length + 1, leading >> 8
    return length << 24 | leading | (SIGN if negative and leading else 0)


def target_of(bits: int, limit: int = HASHES - 1) -> int:
    """The target for which a compact form stands.

    >>> target_of(0x1D00FFFF) == 0xFFFF << 208
    True
    >>> target_of(0x04923456)
    Traceback (most recent call last):
    energychain.consensus.difficulty.BadTarget: 04923456 is negative: no hash could meet it

    Raises :class:`BadTarget` if it is negative, zero, too large for 256 bits or easier than
    the limit.
    """
    found = unpacked(bits)
    if found.negative:
        raise BadTarget(f"{bits:08x} is negative: no hash could meet it")
    if not found.number:
        raise BadTarget(f"{bits:08x} is zero: a block would take 2^256 tries")
    if found.overflow:
        raise BadTarget(f"{bits:08x} does not fit 256 bits: every hash would meet it")
    if found.number > limit:
        raise BadTarget(f"{bits:08x} is easier than the limit {compact(limit):08x}")
    return found.number


# --- work -----------------------------------------------------------------------------


def block_work(target: int) -> int:
    """The work of one block [hashes]: how many tries its target takes on average, rounded
    down, so that nobody's computer rounds otherwise.

    >>> f"{block_work(target_of(0x1D00FFFF)):x}"
    '100010001'
    """
    return HASHES // (target + 1)


def header_work(header: Header) -> int:
    """The work of one block of ours [hashes]."""
    return block_work(header.target)


def chainwork(headers: Iterable[Header]) -> int:
    """The work of many blocks [hashes]: what the fork choice compares."""
    return sum(map(header_work, headers))


# --- retargeting ----------------------------------------------------------------------


@dataclass(frozen=True)
class Retarget:
    r"""Bitcoin's rule, called with a chain for the target of its next block.

    After ``interval`` blocks, the target is multiplied by the time that they took over the
    time that they should have taken, at most by ``clamp`` and at least by its inverse:

    .. math:: T' = T \cdot \frac{t}{n\,d}, \qquad \frac{n\,d}{4} \le t \le 4\,n\,d

    Bitcoin measures :math:`t` from the first to the last of its :math:`n = 2016` blocks:
    that is 2015 times between blocks, held against 2016. So blocks settle a little above
    ten minutes (:attr:`settled_spacing`); with small numbers, in a lesson, one sees it.
    """

    interval: int = 2016
    """Blocks between two changes, at least 2."""

    spacing: int = 600
    """The time that a block should take [s]."""

    limit: int = (1 << 224) - 1
    """The easiest target."""

    clamp: int = 4
    """The most by which one change multiplies or divides."""

    def __post_init__(self) -> None:
        if self.interval < 2 or self.spacing < 1 or self.clamp < 1 or self.limit < 1:
            raise ValueError(
                "retargeting needs an interval of at least 2 blocks, and a spacing, a clamp and"
                f" a limit of at least 1: found {self}"
            )

    @property
    def timespan(self) -> int:
        """The time that an interval should take [s]: two weeks."""
        return self.interval * self.spacing

    @property
    def settled_spacing(self) -> float:
        """The time at which blocks really settle if nobody's power changes [s].

        >>> round(Retarget().settled_spacing, 2), Retarget(interval=8).settled_spacing
        (600.3, 685.7142857142857)
        """
        return self.timespan / (self.interval - 1)

    def next_target(self, target: int, first_time: int, last_time: int) -> int:
        """The target after an interval whose first and last block have these times [s],
        rounded as its compact form is.
        """
        least, most = self.timespan // self.clamp, self.timespan * self.clamp
        taken = min(max(last_time - first_time, least), most)
        scaled = min(target * taken // self.timespan, self.limit)
        return expanded(compact(max(scaled, 1)))

    def next_bits(self, bits: int, first_time: int, last_time: int) -> int:
        """:meth:`next_target` in compact form.

        The first change of Bitcoin's difficulty, at block 32256:

        >>> f"{Retarget().next_bits(0x1D00FFFF, 1261130161, 1262152739):x}"
        '1d00d86a'
        """
        return compact(self.next_target(target_of(bits), first_time, last_time))

    def __call__(self, chain: Chain) -> int:
        """The target of the next block on a chain of ours: the rule that a chain is handed."""
        height = chain.height + 1
        head = chain.head.header
        if height % self.interval:
            return head.target
        first = chain.blocks[height - self.interval].header
        return self.next_target(head.target, first.time, head.time)


# --- time -----------------------------------------------------------------------------

MEDIAN_BLOCKS = 11
"""So many blocks make the median time past."""


def median_time_past(times: Sequence[int]) -> int:
    """The median of the last eleven blocks' times, the newest last [s]; of fewer, as long
    as there are no more. Of an even number it is the later one of the middle.

    >>> median_time_past([10, 20, 90, 30])
    30

    Raises ``ValueError`` if there is no time at all.
    """
    if not times:
        raise ValueError("the median time past needs at least one block")
    last = sorted(times[-MEDIAN_BLOCKS:])
    return last[len(last) // 2]


def check_median_time(time: int, times: Sequence[int]) -> None:
    """Bitcoin's rule about clocks: a block is later than the median of the eleven below it.
    It need not be later than the one below: our own chain is stricter.

    >>> check_median_time(25, [10, 20, 90])

    Raises :class:`~energychain.ledger.chain.WrongTime`.
    """
    median = median_time_past(times)
    if time <= median:
        raise WrongTime(
            f"made at {time} s, not after the median of the last"
            f" {min(len(times), MEDIAN_BLOCKS)} blocks ({median} s)"
        )


# --- published truth ------------------------------------------------------------------

GENESIS = bitcoin_header(
    version=1,
    parent="00" * 32,
    merkle_root="4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",
    time=1_231_006_505,
    bits=0x1D00FFFF,
    nonce=2_083_236_893,
)
"""The header of Bitcoin's first block (Nakamoto, 2009), as it is published."""


def bits_and_hash(header: bytes) -> tuple[int, int]:
    """The nBits of a Bitcoin header, and its hash as a number."""
    return int.from_bytes(header[72:76], "little"), int.from_bytes(double_sha256(header), "little")


def time_of(header: bytes) -> int:
    """The time of a Bitcoin header [s]."""
    return int.from_bytes(header[68:72], "little")


def what_bits_encode(header: bytes) -> str:
    """Of which number the nBits of a Bitcoin header are the compact form.

    >>> what_bits_encode(GENESIS)
    'the target'
    """
    bits, found = bits_and_hash(header)
    forms = {"the current hash": compact(found), "the target": compact(expanded(bits))}
    return " and ".join(name for name, form in forms.items() if form == bits)


@dataclass(frozen=True)
class CompactVector:
    """A compact form, what it says, and the compact form of what it says."""

    bits: int
    number: int | None
    """Nothing is said of a number that does not fit."""

    again: int | None
    negative: bool = False
    overflow: bool = False


COMPACT_VECTORS = (
    CompactVector(0x00000000, 0, 0),
    CompactVector(0x00123456, 0, 0),
    CompactVector(0x01003456, 0, 0),
    CompactVector(0x02000056, 0, 0),
    CompactVector(0x03000000, 0, 0),
    CompactVector(0x04000000, 0, 0),
    CompactVector(0x00923456, 0, 0),
    CompactVector(0x01803456, 0, 0),
    CompactVector(0x02800056, 0, 0),
    CompactVector(0x03800000, 0, 0),
    CompactVector(0x04800000, 0, 0),
    CompactVector(0x01123456, 0x12, 0x01120000),
    CompactVector(0x01FEDCBA, 0x7E, 0x01FE0000, negative=True),
    CompactVector(0x02123456, 0x1234, 0x02123400),
    CompactVector(0x03123456, 0x123456, 0x03123456),
    CompactVector(0x04123456, 0x12345600, 0x04123456),
    CompactVector(0x04923456, 0x12345600, 0x04923456, negative=True),
    CompactVector(0x05009234, 0x92340000, 0x05009234),
    CompactVector(0x20123456, 0x123456 << 232, 0x20123456),
    CompactVector(0xFF123456, None, None, overflow=True),
)
"""Bitcoin Core, ``arith_uint256_tests.cpp``, ``bignum_SetCompact``."""


@dataclass(frozen=True)
class PastRetarget:
    """A change of Bitcoin's difficulty as it happened."""

    height: int
    """The first block with the new target."""

    first_time: int
    """The time of the block 2016 below [s]."""

    last_time: int
    """The time of the block below [s]."""

    bits: int
    """The old target, compact."""

    next_bits: int
    """The new one."""

    source: str


CORE_TESTS = "Bitcoin Core, pow_tests.cpp"

PAST_RETARGETS = (
    PastRetarget(
        2_016, 1_231_006_505, 1_233_061_996, 0x1D00FFFF, 0x1D00FFFF, f"{CORE_TESTS}: at the limit"
    ),
    PastRetarget(
        32_256, 1_261_130_161, 1_262_152_739, 0x1D00FFFF, 0x1D00D86A, f"{CORE_TESTS}: first change"
    ),
    PastRetarget(
        68_544, 1_279_008_237, 1_279_297_671, 0x1C05A3F4, 0x1C0168FD, f"{CORE_TESTS}: clamped"
    ),
    PastRetarget(
        405_216, 1_458_292_068, 1_459_491_849, 0x1806A4C3, 0x180696F4, "headers of the blocks"
    ),
    PastRetarget(
        473_760, 1_497_741_533, 1_498_956_326, 0x18018B7E, 0x18018D30, "headers of the blocks"
    ),
)
"""Five changes of Bitcoin's difficulty: never easier than the limit, never by more than four."""
