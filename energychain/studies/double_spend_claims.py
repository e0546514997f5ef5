"""
What Nakamoto (2009, section 11) prints about double spends, beside what we compute, and
what the testbed's twelve confirmations are worth by it.

His tables are reproduced by his formula to the last digit. The formula itself lets the
honest blocks arrive on time, where their number is as random as the attacker's; Grunspan &
Pérez-Marco (2018) corrected that. So the confirmations that he asks for are listed twice:
reproduced by his formula, and as errata by the exact one.
"""

from collections.abc import Iterator

from energychain.consensus.double_spend import confirmations_for, exact, nakamoto
from energychain.ledger.chain import CONFIRMATIONS
from energychain.studies.claims import Claim, compared, erratum, shown, unjudged
from energychain.studies.private_chain import MINERS

STUDY = "double_spend"
SOURCE = "Nakamoto (2009), section 11"
CORRECTED = "Grunspan & Pérez-Marco (2018), abstract"
TESTBED = "Cali & Fifield (2019), section 4.3"

PRINTED = {
    "0.1": {
        0: "1.0000000",
        1: "0.2045873",
        2: "0.0509779",
        3: "0.0131722",
        4: "0.0034552",
        5: "0.0009137",
        6: "0.0002428",
        7: "0.0000647",
        8: "0.0000173",
        9: "0.0000046",
        10: "0.0000012",
    },
    "0.3": {
        0: "1.0000000",
        5: "0.1773523",
        10: "0.0416605",
        15: "0.0101008",
        20: "0.0024804",
        25: "0.0006132",
        30: "0.0001522",
        35: "0.0000379",
        40: "0.0000095",
        45: "0.0000024",
        50: "0.0000006",
    },
}
"""The probability of success by share and confirmations, as printed."""

NEEDED = {
    "0.10": "5",
    "0.15": "8",
    "0.20": "11",
    "0.25": "15",
    "0.30": "24",
    "0.35": "41",
    "0.40": "89",
    "0.45": "340",
}
"""The confirmations for a probability below 0.1 %, by share, as printed."""

SHARES = ("0.1", "0.2", "0.3", "0.4")
"""Attackers by whom the testbed is judged."""


def claims() -> list[Claim]:
    """All claims about double spends."""
    return [*_probabilities(), *_needed(), *_testbed()]


def _probabilities() -> Iterator[Claim]:
    for share, column in PRINTED.items():
        for confirmations, printed in column.items():
            yield compared(
                unjudged(
                    STUDY,
                    f"probability.{share}.{confirmations}",
                    SOURCE,
                    f"success after {confirmations} confirmations, share {share}",
                    "",
                    printed,
                    f"{nakamoto(float(share), confirmations):.10f}",
                )
            )


def _needed() -> Iterator[Claim]:
    for share, printed in NEEDED.items():
        q, quantity = float(share), f"confirmations for less than 0.1 %, share {share}"
        by_nakamoto = confirmations_for(q, chance=nakamoto)
        yield compared(
            unjudged(
                STUDY, f"needed.{share}", SOURCE, quantity, "block", printed, str(by_nakamoto)
            ),
            exactly=True,
        )
        yield erratum(
            unjudged(
                STUDY,
                f"needed_exactly.{share}",
                SOURCE,
                f"{quantity}, exactly",
                "block",
                printed,
                str(confirmations_for(q)),
                f"After {printed} confirmations it is {exact(q, int(printed)):.4%}: the formula"
                " lets the honest blocks take exactly their average time.",
            )
        )
    more = [confirmations_for(float(share)) - int(printed) for share, printed in NEEDED.items()]
    yield shown(
        STUDY,
        "larger",
        CORRECTED,
        "confirmations needed, against Nakamoto's",
        "block",
        "larger number",
        f"{min(more)} to {max(more)} more",
    )


def _testbed() -> Iterator[Claim]:
    printed = "a maximum of twelve"
    for share in SHARES:
        q = float(share)
        yield shown(
            STUDY,
            f"testbed.{share}",
            TESTBED,
            f"success after {CONFIRMATIONS} confirmations, share {share}",
            "",
            printed,
            f"{exact(q, CONFIRMATIONS):.7f}",
            f"{confirmations_for(q)} confirmations would be needed for less than 0.1 %",
        )
    half = 1 / len(MINERS)
    yield shown(
        STUDY,
        "testbed.one_miner",
        TESTBED,
        f"success after {CONFIRMATIONS} confirmations if one of the {len(MINERS)} miners attacks",
        "",
        printed,
        f"{exact(half, CONFIRMATIONS):g}",
        "Either miner has half of the power if they are equal: then no number of confirmations"
        " is enough. The two must trust each other, and whoever trusts them needs no miners.",
    )
