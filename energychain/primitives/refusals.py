"""
A refusal is a "no" with a reason. Every rule of the package that can say no
raises a subclass of :class:`Refusal`, so that a person reads which rule spoke,
what it expected and what it was given.
"""

from typing import ClassVar


class Refusal(Exception):
    """Something was refused; the message is a sentence to act on.

    >>> raise Refusal("the tap is closed: open it first")
    Traceback (most recent call last):
    energychain.primitives.refusals.Refusal: the tap is closed: open it first
    """

    rule: ClassVar[str] = "refused"
    """The name of the rule that spoke, as shown to people and in JSON."""


class BadInput(Refusal):
    """A file or an option could not be read as what it should be.

    The sentence names the file, the line and the column, as far as they are known.

    >>> print(BadInput("expected a number, found 'abc'", file="m.csv", line=7, column="price"))
    m.csv, line 7, column price: expected a number, found 'abc'
    """

    rule = "bad input"

    def __init__(
        self, problem: str, *, file: str = "", line: int | None = None, column: str = ""
    ) -> None:
        self.problem, self.file, self.line, self.column = problem, file, line, column
        place = [
            file,
            "" if line is None else f"line {line}",
            f"column {column}" if column else "",
        ]
        where = ", ".join(part for part in place if part)
        super().__init__(f"{where}: {problem}" if where else problem)
