"""
A claim is one number, or one statement, that a source prints. It keeps its printed
form; beside it stands what we compute, and a verdict.

==============  ==================================================================
verdict         meaning
==============  ==================================================================
``reproduced``  ours agrees to the last printed digit
``erratum``     ours differs, and the note says why and which value is right
``fitted``      free parameters were chosen so that it agrees
``shown``       a statement without a number of its own; ours is the measured figure
``differs``     ours differs and nobody knows why: a fault to be found
==============  ==================================================================
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Literal

Verdict = Literal["reproduced", "erratum", "fitted", "shown", "differs"]

VERDICTS: tuple[Verdict, ...] = ("reproduced", "erratum", "fitted", "shown", "differs")


@dataclass(frozen=True)
class Claim:
    """One printed number or statement beside ours."""

    id: str
    study: str
    source: str
    """Author, year, and the place in the text."""

    quantity: str
    unit: str
    printed: str
    """As the source prints it."""

    computed: str
    verdict: Verdict
    note: str = ""

    @property
    def explained(self) -> bool:
        """Whether it is anything but a fault to be found."""
        return self.verdict != "differs"


def unjudged(
    study: str,
    name: str,
    source: str,
    quantity: str,
    unit: str,
    printed: str,
    computed: str,
    note: str = "",
) -> Claim:
    """A claim before anybody has compared its two numbers: it stands as ``differs``."""
    return Claim(
        f"{study}.{name}", study, source, quantity, unit, printed, computed, "differs", note
    )


def shown(
    study: str,
    name: str,
    source: str,
    quantity: str,
    unit: str,
    printed: str,
    computed: str,
    note: str = "",
) -> Claim:
    """A statement beside the measured figure."""
    return _with(unjudged(study, name, source, quantity, unit, printed, computed, note), "shown")


def trimmed(text: str) -> str:
    """A number without trailing zeros, as tables print it.

    >>> trimmed("14.50"), trimmed("100")
    ('14.5', '100')
    """
    return f"{Decimal(text).normalize():f}"


LESS_THAN = "less than "
"""How a printed bound begins."""


def agrees_as_printed(computed: Decimal, printed: str) -> bool:
    """Whether a number rounds to what is printed, or keeps within a printed bound.

    >>> agrees_as_printed(Decimal("13.62502"), "13.625")
    True
    >>> agrees_as_printed(Decimal("13.6256"), "13.625")
    False
    >>> agrees_as_printed(Decimal("1.94"), "less than 2.5")
    True
    """
    if printed.startswith(LESS_THAN):
        return computed < Decimal(printed.removeprefix(LESS_THAN))
    number = Decimal(printed)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return abs(computed - number) <= Decimal(1).scaleb(exponent) / 2


def compared(claim: Claim, *, exactly: bool = False) -> Claim:
    """A claim with the verdict ``reproduced`` or ``differs``, from its own two numbers.

    ``exactly`` asks for equal numbers instead of agreement to the last printed digit,
    for tables that leave trailing zeros out.
    """
    computed = Decimal(claim.computed)
    agrees = (
        computed == Decimal(claim.printed)
        if exactly
        else agrees_as_printed(computed, claim.printed)
    )
    return _with(claim, "reproduced" if agrees else "differs")


def erratum(claim: Claim) -> Claim:
    """A claim with the verdict ``erratum``.

    Raises ``ValueError`` if it has no reason, or if the two agree and there is nothing
    to correct: an erratum must be able to turn out wrong.
    """
    if not claim.note:
        raise ValueError(f"the erratum {claim.id} gives no reason")
    if _agrees(claim):
        raise ValueError(f"the erratum {claim.id} agrees with what is printed")
    return _with(claim, "erratum")


def fitted(claim: Claim) -> Claim:
    """A claim with the verdict ``fitted``: it agrees, because something was chosen so.

    Raises ``ValueError`` if it does not say what was chosen, or if the two do not agree: a
    fit must be able to fail.
    """
    if not claim.note:
        raise ValueError(f"the fitted claim {claim.id} does not say what was chosen")
    if not _agrees(claim):
        raise ValueError(
            f"the fitted claim {claim.id} does not agree: {claim.computed} is not {claim.printed}"
        )
    return _with(claim, "fitted")


def _agrees(claim: Claim) -> bool:
    try:
        return agrees_as_printed(Decimal(claim.computed), claim.printed)
    except InvalidOperation:  # one of the two is no number
        return claim.printed == claim.computed


def _with(claim: Claim, verdict: Verdict) -> Claim:
    return Claim(**{**asdict(claim), "verdict": verdict})


def summary(claims: Iterable[Claim]) -> str:
    """The verdicts, counted.

    >>> summary([])
    'no claims'
    """
    counts = Counter(claim.verdict for claim in claims)
    parts = [f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict]]
    return ", ".join(parts) or "no claims"


class ClaimsTable(Sequence[Claim]):
    """Claims that show themselves as a table in a notebook."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._claims = tuple(claims)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        """One claim, or a table of some."""
        return ClaimsTable(self._claims[index]) if isinstance(index, slice) else self._claims[index]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._claims)

    def only(self, verdict: Verdict) -> "ClaimsTable":
        """The claims with this verdict."""
        return ClaimsTable(claim for claim in self._claims if claim.verdict == verdict)

    def about(self, words: str) -> "ClaimsTable":
        """The claims whose quantity has these words in it."""
        return ClaimsTable(claim for claim in self._claims if words in claim.quantity)

    def __repr__(self) -> str:
        return f"{len(self)} claims: {summary(self)}"

    def _repr_html_(self) -> str:
        names = ("quantity", "unit", "printed", "computed", "verdict", "note")
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in names)
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td style='text-align:left'>{escape(getattr(claim, name))}</td>" for name in names
            )
            + "</tr>"
            for claim in self._claims
        )
        return f"<table><caption>{self!r}</caption><tr>{head}</tr>{rows}</table>"
