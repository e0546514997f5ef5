"""
Floor 6: the commands. JSON goes to standard output alone, everything else to standard error.
Bad input ends with exit code 2 and one sentence; nothing is written then. One module, one
command; :mod:`energychain.cli.terminal` is what they share.
"""

from energychain.cli import clear, fault, lab, ledger, reproduce, token_day  # noqa: F401
from energychain.cli.terminal import run


def main() -> None:
    """What `energychain` on the command line runs."""
    run()
