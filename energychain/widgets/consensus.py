"""
PBFT, hands on: what was said up to a message as a picture, and an explorer that goes through it
message by message, with a primary that lies.
"""

import ipywidgets as widgets

from energychain.charts import consensus as charts
from energychain.charts.theme import Picture
from energychain.studies.pbft_talk import MOST, PRIMARIES, REPLICAS, TWO_STORIES, Knows, Talk, talk
from energychain.widgets.explorer import Explorer, Table, View, labelled


def picture(said: Talk, step: int) -> Picture:
    """What was said up to a step, as a chart.

    Raises ``IndexError`` if there is no such step.
    """
    if not 0 <= step <= len(said.messages):
        raise IndexError(f"there is no step {step}: {len(said.messages)} messages are sent")
    return charts.sequence(
        [vars(message) for message in said.messages[:step]],
        {
            replica: "lies" if replica in said.liars else said.known[step][replica].words
            for replica in range(REPLICAS)
        },
        until_ms=said.messages[-1].arrived_ms,
        title=said.title(step),
    )


class PbftExplorer(Explorer):
    """PBFT with four replicas, one message at a time.

    >>> explorer = PbftExplorer()
    >>> explorer.controls["step"].value = 99
    >>> explorer.status
    'All 25 messages have arrived. Block A is final for every honest replica.'
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "Can one liar among four make two blocks final?",
            {
                "primary": labelled(
                    widgets.Dropdown, "Replica 0, primary", options=PRIMARIES, value=TWO_STORIES
                ),
                "second_liar": labelled(
                    widgets.Checkbox, "Replica 1 lies too", value=False, indent=False
                ),
                "step": labelled(
                    widgets.IntSlider, "Messages heard", value=12, min=0, max=MOST, step=1
                ),
            },
            self._look,
            prediction=prediction,
        )

    def _look(self, primary: str, second_liar: bool, step: int) -> View:
        said = talk(primary, second_liar)
        at = min(step, len(said.messages))
        table = Table(
            "What each replica knows",
            ("replica", "view", "heard", "prepares", "prepared", "commits", "final"),
            [_table_row(replica, said.known[at].get(replica)) for replica in range(REPLICAS)],
        )
        return View(
            (picture(said, at),),
            _talk_status(said, at),
            "\n".join(
                [
                    "from energychain.studies.pbft_talk import talk",
                    "from energychain.widgets.consensus import picture",
                    "",
                    f'said = talk("{primary}", second_liar={second_liar})',
                    'print("safe:", said.safe, said.finals)',
                    f"picture(said, {at})",
                ]
            ),
            table.html(),
        )


def _table_row(replica: int, knows: Knows | None) -> tuple[str, ...]:
    if knows is None:
        return (f"{replica} (lies)", *("–",) * 6)
    return (
        str(replica),
        str(knows.view),
        knows.heard or "–",
        str(knows.prepares or "–"),
        knows.prepared or "–",
        str(knows.commits or "–"),
        knows.final or "–",
    )


def _talk_status(said: Talk, step: int) -> str:
    if step == len(said.messages):
        count = "All" if all(said.finals.values()) else "The first"
        return f"{count} {step} messages have arrived. {said.title(step)}."
    if step == 0:
        return "The transactions are known to all, and nothing was said yet."
    last = said.messages[step - 1]
    after = said.known[step].get(last.to)
    so_now = f" It now has: {after.words}." if after else " It lies, and keeps what it knows."
    return f"Message {step} of {len(said.messages)}: {last.words}.{so_now}"
