"""
A crowdsale: a property owner has a roof, others have money.

Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 5, section 3.4:

================  ===================================================================
terms             what the funders get
================  ===================================================================
``profit share``  equity: a share of the profit [per mille], in proportion to what
                  each put in
``rent``          equity: a fixed rent [micro-money] each time, in the same proportion
``reward``        a gift that the owner promises in words
``donation``      nothing
================  ===================================================================

1. An owner ``propose``s a goal, a deadline and terms. Anybody who enters itself as a
   funder may ``fund`` it: the money lies in the vault.
2. Once the goal is reached, the owner may ``take`` the money, once. If it is missed at
   the deadline, or the owner lets :data:`PATIENCE` pass, each funder takes its money back
   with ``refund``.
3. The owner ``distribute``s a profit or a rent: whole micro-units by largest remainder,
   so nothing is lost in rounding. Each funder takes its part with ``claim`` when it
   likes. What was claimed is struck off, so nobody is paid twice.

It also goes the other way round (section 3.4.2: "investors offer the ratio of profit
preferred to receive or the rent"): a funder makes one owner an ``offer`` with the money
beside it, and the owner may ``agree``, or the funder ``withdraw``.

The chapter puts this platform on a public chain, so roles are open: everybody enters
itself with ``enrol``. What the contract cannot do is to look at the roof: whether the
reported profit is the true one, and whether the gift arrives, it does not know.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from energychain.contracts.calls import (
    BadArguments,
    address,
    arguments,
    unknown_function,
    whole,
)
from energychain.contracts.roles import (
    CROWDSALE,
    FUNDER,
    OWNER,
    actions,
    entered,
    member,
    require_role,
    text,
)
from energychain.contracts.slots import TooSoon, before, number, paid_in, paid_out, rows
from energychain.ledger.state import Call, Event, Outcome, Storage
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import money

CONTRACT = "crowdsale"

PROFIT_SHARE, RENT, REWARD, DONATION = "profit share", "rent", "reward", "donation"

TERMS = (PROFIT_SHARE, RENT, REWARD, DONATION)
"""The business models (section 3.4.2); the first two are equity."""

PER_MILLE = 1_000

PATIENCE = 30 * 86_400
"""How long after the deadline an owner may still take the money [s]: nobody's money waits
for ever. Ours.
"""


class NoSuchProject(Refusal):
    """There is no such project or offer, or it is another's, or it is gone."""

    rule = "project"


class Overfunded(Refusal):
    """More than what is still missing."""

    rule = "goal"


class GoalNotReached(Refusal):
    """The money is the funders' until the goal is reached."""

    rule = "goal"


class GoalReached(Refusal):
    """The project goes ahead: there is nothing to give back."""

    rule = "goal"


class AlreadyTaken(Refusal):
    """The money was taken before."""

    rule = "already done"


class NothingDue(Refusal):
    """There is nothing to take: it never was, or it was taken before."""

    rule = "nothing due"


@dataclass(frozen=True)
class Project:
    """A project, as it is stored."""

    owner: Address
    terms: str
    size: int
    """The funders' share of the profit [per mille], or the rent each time [micro-money];
    0 for reward and donation.
    """

    promise: str
    """The gift, in words; for the other terms, what the money is for."""

    goal: int
    """[micro-money]"""

    deadline: int
    """Until when it can be funded [s]."""

    raised: int = 0
    taken: int = 0
    """1 once the owner has taken the money."""

    @property
    def funded(self) -> bool:
        """Whether the goal is reached."""
        return self.raised >= self.goal


def crowdsale(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``enrol(roles)``; ``propose(terms, size, promise, goal, deadline)``, ``fund(project,
    money)``, ``take(project)``, ``refund(project)``, ``distribute(project, money)``,
    ``claim(project)``; ``offer(owner, terms, size, promise, money)``, ``withdraw(offer)``,
    ``agree(offer)``.

    Money in micro-units, times in seconds.
    """
    lines = actions(CROWDSALE)
    if call.function in _OPEN:
        return _OPEN[call.function](storage, sender, call)
    if call.function not in lines:
        raise unknown_function(CROWDSALE, call, *lines, *_OPEN)
    require_role(storage, sender, CROWDSALE, call.function)
    return _FUNCTIONS[call.function](storage, sender, call)


def _enrol(storage: Storage, sender: Address, call: Call) -> Outcome:
    (roles,) = arguments(call, "roles")
    if not isinstance(roles, tuple) or not set(roles) <= {OWNER, FUNDER}:
        raise BadArguments(f"roles: expected some of {OWNER}, {FUNDER}; found {roles!r}")
    wanted = {*member(storage, sender).roles, *roles}
    return entered(sender, tuple(role for role in (OWNER, FUNDER) if role in wanted), "")


# --- from goal to money ---------------------------------------------------------------


def _propose(storage: Storage, sender: Address, call: Call) -> Outcome:
    terms, size, promise, goal, deadline = arguments(
        call, "terms", "size", "promise", "goal", "deadline"
    )
    new = Project(
        sender,
        *_terms(terms, size, promise),
        whole(goal, "goal", 1),
        whole(deadline, "deadline"),
    )
    before(call.time, new.deadline, "funding this project")
    _, writes, proposed = _opened(storage, new)
    return Outcome(writes, events=(proposed,))


def _terms(terms: Value, size: Value, promise: Value) -> tuple[str, int, str]:
    if terms not in TERMS:
        raise BadArguments(f"terms: expected one of {', '.join(TERMS)}; found {terms!r}")
    agreed = whole(size, "size")
    if terms == PROFIT_SHARE and agreed > PER_MILLE:
        raise BadArguments(f"size: expected a share of at most {PER_MILLE} per mille")
    if terms in (REWARD, DONATION) and agreed:
        raise BadArguments(f"size: a {terms} pays no money: expected 0, found {agreed}")
    return str(terms), agreed, text(promise, "promise")


def _opened(storage: Storage, new: Project) -> tuple[int, dict[Value, Value], Event]:
    """A new project's number, what is stored of it, and its announcement."""
    id = number(storage, "projects")
    proposed = Event("Proposed", (("project", id), ("terms", new.terms), ("goal", new.goal)))
    return id, {"projects": id + 1, ("project", id): astuple(new)}, proposed


def _fund(storage: Storage, sender: Address, call: Call) -> Outcome:
    which, how_much = arguments(call, "project", "money")
    id, project = _project(storage, which)
    paid = whole(how_much, "money", 1)
    before(call.time, project.deadline, f"funding project {id}")
    missing = project.goal - project.raised
    if paid > missing:
        raise Overfunded(f"project {id} lacks {money(missing)}: {money(paid)} is too much")
    stakes = _stakes(storage, id)
    stakes[sender] = stakes.get(sender, 0) + paid
    grown = replace(project, raised=project.raised + paid)
    funded = Event("Funded", (("project", id), ("funder", sender), ("money", paid)))
    reached = [Event("Reached", (("project", id), ("goal", project.goal)))] if grown.funded else []
    return Outcome(
        {("project", id): astuple(grown), ("stakes", id): tuple(stakes.items())},
        paid_in(CONTRACT, sender, paid),
        (funded, *reached),
    )


def _take(storage: Storage, sender: Address, call: Call) -> Outcome:
    id, project = _own_project(storage, sender, *arguments(call, "project"))
    if not project.funded:
        raise GoalNotReached(
            f"project {id} has {money(project.raised)} of {money(project.goal)}: the money is"
            " the funders' until the goal is reached"
        )
    if project.taken:
        raise AlreadyTaken(f"the money of project {id} was taken before")
    before(call.time, project.deadline + PATIENCE, f"taking the money of project {id}")
    taken = Event("Taken", (("project", id), ("money", project.raised)))
    return Outcome(
        {("project", id): astuple(replace(project, taken=1))},
        paid_out(CONTRACT, {sender: project.raised}),
        (taken,),
    )


def _refund(storage: Storage, sender: Address, call: Call) -> Outcome:
    id, project = _project(storage, *arguments(call, "project"))
    if project.taken:
        raise GoalReached(f"project {id} reached its goal, and its owner has taken the money")
    # After its goal is reached, a project has until the end of our patience to begin.
    wait = project.deadline + (PATIENCE if project.funded else 0) - call.time
    if wait > 0:
        state = "begun" if project.funded else "funded"
        raise TooSoon(f"project {id} can still be {state} for {wait} s")
    stakes = _stakes(storage, id)
    back = stakes.get(sender, 0)
    if not back:
        raise NothingDue(f"{sender} has no money in project {id}")
    stakes[sender] = 0
    returned = Event("Refunded", (("project", id), ("funder", sender), ("money", back)))
    return Outcome(
        {("stakes", id): tuple(stakes.items())}, paid_out(CONTRACT, {sender: back}), (returned,)
    )


# --- from profit to funders -----------------------------------------------------------


def _distribute(storage: Storage, sender: Address, call: Call) -> Outcome:
    which, how_much = arguments(call, "project", "money")
    id, project = _own_project(storage, sender, which)
    profit = whole(how_much, "money", 1)
    if not project.taken:
        raise GoalNotReached(f"project {id} has not begun: there is no profit yet")
    if project.terms not in (PROFIT_SHARE, RENT):
        raise NothingDue(f"project {id} is a {project.terms}: its funders get no money")
    if project.terms == RENT and profit != project.size:
        raise BadArguments(f"money: the rent is {money(project.size)}, found {money(profit)}")
    # What the share leaves over in rounding is the owner's.
    part = profit if project.terms == RENT else profit * project.size // PER_MILLE
    stakes = _stakes(storage, id)
    parts = in_proportion(part, list(stakes.values()))
    due: dict[Value, Value] = {
        ("due", id, funder): number(storage, ("due", id, funder)) + share
        for funder, share in zip(stakes, parts, strict=True)
    }
    shared = Event("Distributed", (("project", id), ("profit", profit), ("money", part)))
    return Outcome(due, paid_in(CONTRACT, sender, part), (shared,))


def _claim(storage: Storage, sender: Address, call: Call) -> Outcome:
    id, project = _project(storage, *arguments(call, "project"))
    if project.terms == REWARD:
        return _claim_reward(storage, sender, id, project)
    due = number(storage, ("due", id, sender))
    if not due:
        raise NothingDue(f"project {id} owes {sender} nothing")
    claimed = Event("Claimed", (("project", id), ("funder", sender), ("money", due)))
    return Outcome({("due", id, sender): 0}, paid_out(CONTRACT, {sender: due}), (claimed,))


def _claim_reward(storage: Storage, sender: Address, id: int, project: Project) -> Outcome:
    stake = _stakes(storage, id).get(sender, 0)
    if not project.funded or not stake or ("rewarded", id, sender) in storage:
        raise NothingDue(f"project {id} owes {sender} no reward, or no longer")
    owed = Event("Rewarded", (("project", id), ("funder", sender), ("promise", project.promise)))
    return Outcome({("rewarded", id, sender): 1}, events=(owed,))


def in_proportion(amount: int, stakes: Sequence[int]) -> list[int]:
    """An amount in whole units in proportion to stakes, by largest remainder (of equal
    remainders, the earlier one). The parts add up to the amount.

    >>> in_proportion(100, [1, 1, 1])
    [34, 33, 33]
    """
    total = sum(stakes)
    parts = [amount * stake // total for stake in stakes]
    by_remainder = sorted(range(len(stakes)), key=lambda i: (-(amount * stakes[i] % total), i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


# --- the investor speaks first --------------------------------------------------------


def _offer(storage: Storage, sender: Address, call: Call) -> Outcome:
    whom, terms, size, promise, how_much = arguments(
        call, "owner", "terms", "size", "promise", "money"
    )
    owner, paid = address(whom, "owner"), whole(how_much, "money", 1)
    id = number(storage, "offers")
    offered = (sender, owner, *_terms(terms, size, promise), paid)
    made = Event("Offered", (("offer", id), ("owner", owner), ("money", paid)))
    return Outcome(
        {"offers": id + 1, ("offer", id): offered}, paid_in(CONTRACT, sender, paid), (made,)
    )


def _withdraw(storage: Storage, sender: Address, call: Call) -> Outcome:
    id, offered = _offered(storage, *arguments(call, "offer"))
    if offered[0] != sender:
        raise NoSuchProject(f"{sender} made no offer {id}")
    back = offered[-1]
    assert isinstance(back, int)
    gone = Event("Withdrawn", (("offer", id),))
    return Outcome({("offer", id): ()}, paid_out(CONTRACT, {sender: back}), (gone,))


def _agree(storage: Storage, sender: Address, call: Call) -> Outcome:
    id, offered = _offered(storage, *arguments(call, "offer"))
    funder, owner, terms, size, promise, paid = offered
    if owner != sender:
        raise NoSuchProject(f"offer {id} was not made to {sender}")
    assert isinstance(paid, int)
    assert isinstance(size, int)
    new = Project(sender, str(terms), size, str(promise), paid, call.time, raised=paid)
    project, writes, proposed = _opened(storage, new)
    writes |= {("stakes", project): ((funder, paid),), ("offer", id): ()}
    agreed = Event("Agreed", (("offer", id), ("project", project)))
    return Outcome(writes, events=(proposed, agreed))


# --- what is stored -------------------------------------------------------------------


def project_of(storage: Storage, id: int) -> Project:
    """A project by its number.

    Raises :class:`NoSuchProject` if there is none.
    """
    if ("project", id) not in storage:
        raise NoSuchProject(f"there is no project {id}; there are {number(storage, 'projects')}")
    return Project(*storage["project", id])  # type: ignore[misc]


def _project(storage: Storage, which: Value) -> tuple[int, Project]:
    id = whole(which, "project")
    return id, project_of(storage, id)


def _own_project(storage: Storage, sender: Address, which: Value) -> tuple[int, Project]:
    id, project = _project(storage, which)
    if project.owner != sender:
        raise NoSuchProject(f"project {id} belongs to {project.owner}, not to {sender}")
    return id, project


def _offered(storage: Storage, which: Value) -> tuple[int, tuple[Value, ...]]:
    id = whole(which, "offer")
    offered = storage.get(("offer", id), ())
    if not offered:
        raise NoSuchProject(f"there is no offer {id}, or it is gone")
    return id, offered  # type: ignore[return-value]


def _stakes(storage: Storage, id: int) -> dict[Address, int]:
    """What each funder has put in [micro-money], in the order in which they came."""
    return dict(rows(storage, ("stakes", id)))  # type: ignore[arg-type]


_OPEN = {"enrol": _enrol, "refund": _refund, "claim": _claim, "withdraw": _withdraw}
"""What needs no role: to enter oneself, and to take back what is one's own."""

_FUNCTIONS = {
    "propose": _propose,
    "fund": _fund,
    "take": _take,
    "distribute": _distribute,
    "offer": _offer,
    "agree": _agree,
}
