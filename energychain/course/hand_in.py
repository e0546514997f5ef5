"""
Handing in: the learner's own key, in a file that stays here, and the record that it signs.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from energychain.course import journal
from energychain.course.progress import Progress
from energychain.course.record import record
from energychain.ledger import saved
from energychain.primitives.keys import ORDER, Address, SecretKey, generate
from energychain.primitives.refusals import BadInput

KEY_FILE = "my_secret_key.json"
"""Where the learner's key is kept, beside the journal."""

_ABOUT = "Whoever has this file can sign in your name. Keep it, and give it to nobody."


def own_key(path: Path) -> SecretKey:
    """The key in a file; a new one is made, and kept there, if there is no such file.

    Raises :class:`~energychain.primitives.refusals.BadInput` if the file holds no key, or cannot
    be made.
    """
    if not path.exists():
        key = generate()
        try:
            path.touch(mode=0o600)
            path.write_text(json.dumps({"about": _ABOUT, "secret": f"{key.number:064x}"}) + "\n")
        except OSError as fault:
            raise BadInput(f"cannot be written: {fault.strerror}", file=path.name) from None
        return key
    try:
        number = int(json.loads(path.read_text("utf-8"))["secret"], 16)
    except (OSError, ValueError, TypeError, KeyError):
        number = 0
    if not 0 < number < ORDER["p256"]:
        raise BadInput(
            "holds no secret key; put the right file back, or delete it to begin with a new key",
            file=path.name,
        )
    return SecretKey(number)


@dataclass(frozen=True)
class HandedIn:
    """What was written, and what to do with it."""

    record: Path
    key: Path
    name: str
    address: Address
    progress: Progress
    head: str

    def __repr__(self) -> str:
        return (
            f"{self.record.name}: {self.progress.summary}\n"
            f"Hand this file in. It is signed by {self.name}, {self.address},\n"
            f"and ends in {self.head}.\n"
            f"{self.key.name} is what you sign with: keep it here, and give it to nobody."
        )


def export(name: str, folder: Path | None = None, journal_file: Path | None = None) -> HandedIn:
    """Write what you answered as a signed record, to hand in: ``record-`` and your name.

    The record, and your key, lie in ``folder``, or beside the journal.

    Raises :class:`~energychain.primitives.refusals.BadInput` for what is no name, and if there is
    nothing to hand in.
    """
    source = journal_file or journal.place()
    attempts = journal.read(source)
    if not attempts or source is None:
        where = source.name if source else "the journal, which is switched off"
        raise BadInput(f"nothing to hand in: no answer is kept in {where}")
    folder = folder or source.parent
    key_file = folder / KEY_FILE
    chain = record(name, own_key(key_file), attempts)
    path = folder / f"record-{_slug(name)}.json"
    try:
        saved.save(chain, path)
    except OSError as fault:
        raise BadInput(f"cannot be written: {fault.strerror}", file=path.name) from None
    address, _ = chain.genesis.names[0]
    return HandedIn(path, key_file, name, address, Progress(attempts), chain.head.hash.hex())


def _slug(name: str) -> str:
    """A name as a part of a file's name.

    >>> _slug("Ann-Kathrin Łuck")
    'ann-kathrin-łuck'
    """
    letters = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    return "-".join(part for part in letters.split("-") if part) or "learner"
