"""
Somebody lies to a relay, hands on: choose the attack, switch the defence on, let a ledger
testify, and see what the relay believes and what it does.
"""

from typing import Any

import ipywidgets as widgets

from energychain.charts import dc_attacks as charts
from energychain.charts.theme import Picture
from energychain.grid.attacks import ATTACKS, LONG_AGO
from energychain.grid.dc_line import SET_B
from energychain.grid.relay import Sampling
from energychain.studies.dc_fault import EVENT_NS, LEDGER_DELAY, RECORDED, Protection, protect
from energychain.widgets.explorer import Explorer, View, labelled

SEED = 7
"""Of the attack and of the noise: one of many."""

MEASURED = Sampling(noise_a=1e-3)
"""With noise [A]: without any, a constant lie hides behind zeros."""

NOBODY = "nobody attacks"

PATHS = {"the link alone": "primary", "the link and the ledger": "ledger"}
"""What the relay hears, in words."""

CASES = {"nothing: the line is healthy": False, "a 1 ohm fault at 33 %": True}
"""What happens on the line, in words."""


# --- a case, in words and as a chart --------------------------------------------------


def streams(played: Protection) -> Picture:
    """What was sent, believed and recorded, as a chart.

    >>> from energychain.charts import as_table
    >>> picture = streams(protect(SET_B, RECORDED))
    >>> list(as_table(picture).columns[:3])
    ['ms', 'sent_a1', 'believed_a1']
    """
    refused = [
        ((one.at - LONG_AGO - EVENT_NS) / 1e6, one.rule)
        for one in sorted(played.run.refused, key=lambda one: one.at)
    ]
    return charts.streams(
        played.rows(),
        refused,
        outcome=outcome(played),
        caught_by=played.caught_by,
        caught_ms=_ms(played.caught_at),
        trip_ms=_ms(played.trip),
        isolated_ms=_ms(played.isolated),
    )


def outcome(played: Protection) -> str:
    """What became of the line, in words.

    >>> outcome(protect(SET_B, RECORDED))
    "Cleared on the link's word: isolated at 1.42 ms, 1.50 J let through"
    >>> outcome(protect(SET_B, None, attack="replay in place", defended=False))
    'Tripped on nothing, at 1.32 ms'
    """
    trip, isolated = _ms(played.trip), _ms(played.isolated)
    if played.missed:
        return f"Missed: the fault is fed {played.energy:.2f} J in 10 ms"
    if trip is None or isolated is None:
        return "No trip, as it should be" + (": the ledger withdrew it" if played.withdrawn else "")
    if played.false_trip:
        return f"Tripped on nothing, at {trip:.2f} ms"
    word = "ledger" if played.detected_by == "ledger" else "link"
    return (
        f"Cleared on the {word}'s word: isolated at {isolated:.2f} ms,"
        f" {played.energy:.2f} J let through"
    )


def _ms(time: float | None) -> float | None:
    return None if time is None else time * 1e3


# --- the explorer ---------------------------------------------------------------------


class AttackExplorer(Explorer):
    """The line of set B, a guarded relay, and any of the attacks upon its link, with or without
    a defence and a ledger.

    >>> explorer = AttackExplorer()
    >>> explorer.controls["defended"].value = True
    >>> explorer.status
    'Replay in place (an earlier epoch in their place): no trip, as it should be. The first is \
refused for its epoch, at 0.32 ms; 372 messages refused in all.'
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "What does the relay do when the message lies?",
            self._controls(),
            self._look,
            prediction=prediction,
        )

    def _controls(self) -> dict[str, Any]:
        names = [(f"{name}: {attack.title}", name) for name, attack in ATTACKS.items()]
        wide = "480px"
        return {
            "attack": labelled(
                widgets.Dropdown,
                "Attack",
                width=wide,
                options=[(NOBODY, ""), *names],
                value="replay in place",
            ),
            "defended": labelled(widgets.Checkbox, "Defence on", value=False),
            "fault": labelled(
                widgets.Dropdown,
                "What happens",
                width=wide,
                options=list(CASES.items()),
                value=False,
            ),
            "path": labelled(
                widgets.Dropdown, "The relay hears", options=list(PATHS.items()), value="primary"
            ),
            "delay_ms": labelled(
                widgets.FloatSlider,
                "Ledger delay (ms)",
                value=LEDGER_DELAY * 1e3,
                min=0.0,
                max=8.0,
                step=0.05,
                readout_format=".2f",
            ),
        }

    def protection(self) -> Protection:
        """The case as the controls stand."""
        return self._protection(**self.values)

    def _protection(
        self, attack: str, defended: bool, fault: bool, path: Any, delay_ms: float
    ) -> Protection:
        return protect(
            SET_B,
            RECORDED if fault else None,
            attack=attack or None,
            defended=defended,
            path=path,
            ledger_delay=round(delay_ms / 1e3, 8),
            sampling=MEASURED,
            seed=SEED,
        )

    def _look(self, **values: Any) -> View:
        played = self._protection(**values)
        status = _status(played, values["attack"], values["defended"])
        return View((streams(played),), status, _code_for(**values))


def _status(played: Protection, attack: str, defended: bool) -> str:
    """What happened, what gave the attack away, and what no check could have done."""
    title = ATTACKS[attack].title if attack else ""
    name = f"{attack[0].upper()}{attack[1:]} ({title})" if attack else "Nobody attacks"
    found = outcome(played)
    said = [f"{name}: {found[0].lower()}{found[1:]}."]
    refused = len(played.run.refused)
    count = f"{refused} message{'s' * (refused != 1)} refused in all" if refused else ""
    notice = charts.noticed(played.caught_by, _ms(played.caught_at))
    if attack and not notice:
        notice = "Nothing notices it"
    if words := "; ".join(filter(None, (notice, count))):
        said.append(f"{words}.")
    if attack and defended and (played.missed or played.false_trip):
        said.append(f"Beyond the checks: {ATTACKS[attack].beyond}.")
    return " ".join(said)


def _code_for(attack: str, defended: bool, fault: bool, path: str, delay_ms: float) -> str:
    given = [
        f'attack="{attack}"' if attack else "attack=None",
        f"defended={defended}",
        f'path="{path}"',
        f"ledger_delay={delay_ms / 1e3:.3g}",
        f"sampling=Sampling(noise_a={MEASURED.noise_a:g})",
        f"seed={SEED}",
    ]
    return "\n".join(
        [
            "from energychain.grid.dc_line import SET_B",
            "from energychain.grid.relay import Sampling",
            "from energychain.studies.dc_fault import RECORDED, protect",
            "from energychain.widgets.dc_attacks import streams",
            "",
            "played = protect(",
            *(f"    {each}," for each in ("SET_B", "RECORDED" if fault else "None", *given)),
            ")",
            "streams(played)",
        ]
    )
