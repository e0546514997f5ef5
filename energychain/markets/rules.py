"""
The clearing rules by name: what each promises, where it comes from, and in which model
it pays to tell it the truth. Wherever a rule is named, a :class:`Rule` of your own may stand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from energychain.markets.aggregator import aggregator
from energychain.markets.clearing import Clearing
from energychain.markets.community import community, hybrid
from energychain.markets.continuous import continuous
from energychain.markets.fees import charged
from energychain.markets.huang import huang
from energychain.markets.muda import muda
from energychain.markets.orders import Book
from energychain.markets.pairwise import last_pair_midpoint, pairwise_midpoint, pay_as_bid
from energychain.markets.peer_to_peer import bilateral, random_matching
from energychain.markets.trade_reduction import trade_reduction
from energychain.markets.uniform_price import uniform_price
from energychain.markets.vcg import vcg
from energychain.primitives.refusals import BadInput


@dataclass(frozen=True)
class Rule:
    """A clearing rule."""

    name: str
    title: str

    clear: Callable[..., Clearing]
    """From a book, and the rule's own terms, to a clearing."""

    promises: frozenset[str]
    """What holds for every book: ``rational``, ``strong budget``, ``no deficit``,
    ``efficient``, ``competitive``.
    """

    truthful: str
    """The model in which nobody gains by a false order, or why there is none."""

    source: str

    terms: Sequence[str] = ()
    """The terms it takes besides the book."""

    needs: Sequence[str] = ()
    """Those of its terms that have no usual value: without them it refuses."""

    def answer(self, book: Book, *, fee: int = 0, **terms: Any) -> Clearing:
        """Clears a book, with a fee for the buyers [millionth of the money per unit] if one
        is given.

        Raises :class:`~energychain.primitives.refusals.BadInput` for a term that the rule
        does not take, or one that is missing, and what the rule itself refuses.
        """
        for term in terms:
            if term not in self.terms:
                takes = ", ".join(self.terms) or "no terms"
                raise BadInput(f"the rule {self.name} takes {takes}; found {term!r}")
        for term in self.needs:
            if terms.get(term) is None:
                raise BadInput(f"the rule {self.name} needs {' and '.join(self.needs)}")
        if fee:
            return charged(book, fee, lambda shifted: self.clear(shifted, **terms))
        return self.clear(book, **terms)


_TIES = ("ties", "seed")

_RULES = (
    Rule(
        "uniform",
        "uniform price",
        uniform_price,
        frozenset({"rational", "strong budget", "no deficit", "efficient", "competitive"}),
        "in no finite book: whoever is at the margin moves the price; what there is to gain"
        " shrinks as traders become many",
        "Satterthwaite & Williams (1989), k-double auction",
        ("point", *_TIES),
    ),
    Rule(
        "pairwise",
        "pairwise midpoint",
        pairwise_midpoint,
        frozenset({"rational", "strong budget", "no deficit", "efficient"}),
        "in none: every order moves its own price by half of what it says",
        "Shafie-khah (ed., 2020), chapter 9, Algorithm 1",
        _TIES,
    ),
    Rule(
        "last_pair",
        "midpoint of the last pair",
        last_pair_midpoint,
        frozenset({"rational", "strong budget", "no deficit", "efficient"}),
        "in none: the last pair sets the price",
        "Shafie-khah (ed., 2020), chapter 9, Table 4",
        _TIES,
    ),
    Rule(
        "pay_as_bid",
        "pay as bid",
        pay_as_bid,
        frozenset({"rational", "strong budget", "no deficit", "efficient"}),
        "for sellers' prices only in part; every buyer pays what it says, and says less",
        "discriminatory double auction; Krishna (2009), chapter 13",
        _TIES,
    ),
    Rule(
        "trade_reduction",
        "trade reduction",
        trade_reduction,
        frozenset({"rational", "no deficit"}),
        "in prices, if each trader has one order and its quantity is known; a false quantity or"
        " a second order may move the margin",
        "McAfee (1992), for one unit each; here for any quantities",
        _TIES,
    ),
    Rule(
        "huang",
        "trade reduction, excess in equal parts",
        huang,
        frozenset({"rational", "no deficit"}),
        "in prices, if each trader has one order and its quantity is known; it may pay to"
        " overstate or to withhold a quantity",
        "Huang, Scheller-Wolf & Sycara (2002)",
    ),
    Rule(
        "vcg",
        "Vickrey-Clarke-Groves",
        vcg,
        frozenset({"rational", "efficient"}),
        "for every single trader with any orders, in prices and quantities, if its units are"
        " worth less and less; not for two who conspire, nor for one under two names",
        "Vickrey (1961), Clarke (1971), Groves (1973)",
        _TIES,
    ),
    Rule(
        "muda",
        "two halves that price each other",
        muda,
        frozenset({"rational", "strong budget", "no deficit"}),
        "for every single trader with any orders, in prices and quantities, however the lots"
        " fall, if its units are worth less and less; not for two who conspire, nor for one under"
        " two names",
        "Segal-Halevi, Hassidim & Aumann (2018), with a lottery",
        ("seed",),
    ),
    Rule(
        "continuous",
        "continuous double auction",
        continuous,
        frozenset({"rational", "strong budget", "no deficit"}),
        "in none: whoever is there first sets the price of its trade, and gains by saying less than"
        " its limit allows",
        "Friedman & Rust (eds., 1993), price-time priority",
        _TIES,
    ),
    Rule(
        "aggregator",
        "aggregator's auction",
        aggregator,
        frozenset({"rational", "strong budget", "no deficit"}),
        "if all are paid the bid and all offers below it are needed, for prosumers; else in none:"
        " paid what they ask they ask for more, and paid the bid they ask for less to be first",
        "Shafie-khah (ed., 2020), chapter 5, section 2.2 and Fig. 5.4",
        ("pay", *_TIES),
    ),
    Rule(
        "random",
        "peer to peer by chance",
        random_matching,
        frozenset({"rational", "strong budget", "no deficit"}),
        "in none: a pair trades between what the two say, so each says less, and may miss a trade",
        "Shafie-khah (ed., 2020), chapter 5, section 3.1",
        ("seed", "point", "rounds"),
    ),
    Rule(
        "bilateral",
        "peer to peer by preference",
        bilateral,
        frozenset({"rational", "strong budget", "no deficit"}),
        "in none: a pair trades between what the two say; a premium that is told raises the price",
        "Shafie-khah (ed., 2020), chapter 5, section 3.1; Sorin, Bobo & Pinson (2019)",
        ("premiums", "point"),
    ),
    Rule(
        "community",
        "community with a manager",
        community,
        # Nobody loses but under bill sharing, so that is no promise for all terms.
        frozenset({"strong budget", "no deficit"}),
        "in limits, at the mid-market rate and by the supply-demand ratio, for whoever would also"
        " trade outside; others gain by saying so to get in, and quantities move the price",
        "Shafie-khah (ed., 2020), chapter 5, section 3.1.1; Long et al. (2017), Liu et al. (2017)",
        ("import_price", "export_price", "pricing"),
        ("import_price", "export_price"),
    ),
    Rule(
        "hybrid",
        "peer to peer, the rest in a community",
        hybrid,
        frozenset({"strong budget", "no deficit"}),
        "in none: a pair trades between what the two say",
        "Shafie-khah (ed., 2020), chapter 5, section 3.1.1 and Fig. 5.10",
        ("import_price", "export_price", "pricing", "passive", "seed", "point", "rounds"),
        ("import_price", "export_price"),
    ),
)

ALIASES: Mapping[str, str] = {
    "uniform_price": "uniform",
    "pairwise_midpoint": "pairwise",
    "last_pair_midpoint": "last_pair",
    "mcafee": "trade_reduction",
    "cda": "continuous",
    "continuous_double_auction": "continuous",
    "p2p": "random",
    "p2p_random": "random",
}
"""Other names under which people know a rule."""


def named(rule: str | Rule) -> Rule:
    """The rule of this name; hyphens are as good as underscores. A rule is its own answer.

    >>> named("pay-as-bid").title
    'pay as bid'

    Raises :class:`~energychain.primitives.refusals.BadInput` if there is none.
    """
    if isinstance(rule, Rule):
        return rule
    name = rule.lower().replace("-", "_")
    name = ALIASES.get(name, name)
    if name not in RULES:
        raise BadInput(f"there is no rule {rule!r}; there are {', '.join(RULES)}")
    return RULES[name]


RULES: Mapping[str, Rule] = {rule.name: rule for rule in _RULES}
"""Every rule by its name on the command line."""


def clear(book: Book, rule: str | Rule = "uniform", **terms: Any) -> Clearing:
    """Clears a book by a rule, by name or your own, with the terms that it takes.

    >>> from energychain.markets.orders import Book, order
    >>> book = Book.of([order("b", "ann", "buy", "2", "30"), order("s", "sam", "sell", "3", "20")])
    >>> clear(book, "pay_as_bid")
    <pay_as_bid: 2.000000 at 30.000000>

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown rule or a term
    that the rule does not take, and what the rule itself refuses.
    """
    return named(rule).answer(book, **terms)
