"""
Floor 6: the commands. JSON goes to standard output alone, everything else to standard error.
Bad input ends with exit code 2 and one sentence; nothing is written then. One module, one
command; :mod:`energychain.cli.terminal` is what they share.
"""

from energychain.cli import (  # noqa: F401
    clear,
    double_spend,
    fault,
    lab,
    ledger,
    progress,
    reproduce,
    shift,
    show,
    token_day,
    vectors,
)
from energychain.cli.terminal import run


def main() -> None:
    """What `energychain` on the command line runs."""
    run()
