"""The sealed auction: phases, refusals by name, deposits, and who is paid what."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts import CONTRACTS
from energychain.contracts.calls import BadArguments, UnknownFunction
from energychain.contracts.market_digest import (
    NotForThisAuction,
    book_tree,
    cleared,
    worst_payment,
)
from energychain.contracts.sealed_auction import (
    AlreadyClosed,
    AlreadyCommitted,
    AlreadyRevealed,
    DoesNotOpen,
    NameTaken,
    NoCommitment,
    NoSuchAuction,
    NotSetUp,
    WrongOutcome,
    WrongPhase,
    book_of,
    closing,
    commitment,
    commitments,
    named_auction,
    opening_storage,
    result_of,
    reveals,
    safe,
    seed_of,
)
from energychain.contracts.token import MONEY
from energychain.ledger.state import Call, Event, GasSchedule, Overdraft, Setting, State, Worksheet
from energychain.ledger.transaction import Value
from energychain.markets.orders import Book, Order
from energychain.markets.rules import RULES, clear
from energychain.markets.uniform_price import AllOrNone
from energychain.primitives.hashing import digest
from energychain.primitives.keys import Address
from energychain.primitives.refusals import BadInput, Refusal

NAMES = ("ann", "ben", "cat", "dan", "eve", "operator", "fund", "mallory")
AT = {name: Address(f"0x{number:040x}") for number, name in enumerate(NAMES, 1)}
MONEY_EACH = 10**9
BOND = 500_000
COMMITS, REVEALS = 100, 200
BID = (("buy", 2_000_000, 300_000, 1),)
OFFER = (("sell", 3_000_000, 200_000, 1),)


def salt(name: str) -> bytes:
    return digest(("salt", name))


@dataclass
class Room:
    """A state, and the auction contract in it."""

    sheet: Worksheet
    time: int = 10
    contracts: Mapping[str, Any] = field(default_factory=lambda: CONTRACTS)

    def act(self, name: str, function: str, *given: Value) -> tuple[Event, ...]:
        setting = Setting("floor", self.contracts, GasSchedule(), self.time, AT["fund"])
        call = Call(function, given, self.time, self.sheet.balance)
        return self.sheet.rehearse("sealed_auction", AT[name], call, setting)

    def open(self, rule: str = "uniform", terms: Value = (), stake: int = 0, **other: Any) -> None:
        self.act(
            other.get("by", "operator"), "open", other.get("name", "noon"), rule, terms,
            other.get("bond", BOND), stake, AT["fund"],
            other.get("commits", COMMITS), other.get("reveals", REVEALS),
        )  # fmt: skip

    def commit(self, name: str, orders: Value, auction: str = "noon") -> None:
        self.act(name, "commit", auction, sealed(name, orders, auction))

    def reveal(self, name: str, orders: Value) -> None:
        self.act(name, "reveal", "noon", orders, salt(name))

    def result(self) -> Any:
        name, opening = named_auction(self.storage, "noon")
        return result_of(
            name, opening, commitments(self.storage, name), reveals(self.storage, name)
        )

    def close(self, by: str = "dan") -> Any:
        result = self.result()
        self.act(by, "close", "noon", result.book_root, result.digest)
        return result

    def auction(self, orders: Mapping[str, Value], breaks_off: tuple[str, ...] = ()) -> Any:
        """From the commitments to the end."""
        for name, wanted in orders.items():
            self.commit(name, wanted)
        self.time = COMMITS
        for name, wanted in orders.items():
            if name not in breaks_off:
                self.reveal(name, wanted)
        self.time = REVEALS
        return self.close()

    def owns(self, name: str) -> int:
        return self.sheet.balance(MONEY, AT[name])

    def gained(self, name: str) -> int:
        return self.owns(name) - MONEY_EACH

    @property
    def in_safe(self) -> int:
        return self.sheet.balance(MONEY, safe("noon"))

    @property
    def storage(self) -> Mapping[Value, Value]:
        return self.sheet.state().storage["sealed_auction"]


def sealed(name: str, orders: Value, auction: str = "noon") -> bytes:
    return commitment("floor", auction, AT[name], orders, salt(name))


@pytest.fixture
def room() -> Room:
    storage = {"sealed_auction": {key: value for _, key, value in opening_storage("floor")}}
    balances = {(MONEY, AT[name]): MONEY_EACH for name in NAMES}
    return Room(Worksheet(State(balances, {}, storage)))


# --- the whole way --------------------------------------------------------------------


def test_two_trade_and_everybody_has_the_deposits_back(room: Room) -> None:
    room.open()
    result = room.auction({"ann": BID, "ben": OFFER})
    # One bid for 2, one offer of 3: the offer is rationed and sets the price of 0.2.
    assert result.prices == (200_000, 200_000)
    assert dict(result.fills) == {"000000.0001": 2_000_000, "000001.0001": 2_000_000}
    assert (room.gained("ann"), room.gained("ben")) == (-400_000, 400_000)
    assert room.in_safe == 0
    assert closing(room.storage, "noon") == (result.book_root, result.digest, result.seed)


def test_the_bond_is_the_same_for_all_and_the_cover_follows_with_the_reveal(room: Room) -> None:
    room.open()
    room.commit("ann", BID)
    room.commit("ben", OFFER)
    assert room.gained("ann") == room.gained("ben") == -BOND
    room.time = COMMITS
    room.reveal("ann", BID)
    room.reveal("ben", OFFER)
    assert room.gained("ann") == -BOND - 600_000  # 2 kWh at 0.30
    assert room.gained("ben") == -BOND  # a seller has nothing to pay


def test_who_offers_below_zero_covers_what_it_may_have_to_pay(room: Room) -> None:
    room.open()
    dumps = (("sell", 2_000_000, -100_000, 1),)
    takes = (("buy", 1_000_000, -50_000, 1),)
    result = room.auction({"ann": dumps, "ben": takes})
    assert result.prices == (-100_000, -100_000)
    assert (room.gained("ann"), room.gained("ben"), room.in_safe) == (-100_000, 100_000, 0)


def test_who_breaks_off_loses_the_bond_to_the_beneficiary(room: Room) -> None:
    room.open()
    room.auction({"ann": BID, "ben": OFFER, "cat": BID}, breaks_off=("cat",))
    assert room.gained("cat") == -BOND
    assert room.gained("fund") == BOND
    assert room.in_safe == 0


def test_an_auction_to_which_nobody_came_returns_the_stake(room: Room) -> None:
    room.open(stake=777)
    assert room.gained("operator") == -777
    room.time = REVEALS
    assert room.close().payments == ()
    assert room.gained("operator") == 0
    assert room.in_safe == 0


def test_if_nobody_reveals_all_bonds_are_lost_and_nothing_is_stuck(room: Room) -> None:
    room.open()
    room.auction({"ann": BID, "ben": OFFER}, breaks_off=("ann", "ben"))
    assert room.gained("fund") == 2 * BOND
    assert room.in_safe == 0


def test_anybody_may_close_so_no_operator_can_sit_on_the_deposits(room: Room) -> None:
    room.open()
    room.auction({"ann": BID})
    assert (room.gained("ann"), room.in_safe) == (0, 0)


def test_two_auctions_have_their_own_safes(room: Room) -> None:
    room.open()
    room.open(name="evening", by="eve", stake=100)
    room.commit("ann", BID)
    room.commit("ann", BID, "evening")
    assert room.in_safe == BOND
    assert room.sheet.balance(MONEY, safe("evening")) == BOND + 100


# --- phases ---------------------------------------------------------------------------


@pytest.mark.parametrize("time", [COMMITS, REVEALS, REVEALS + 1])
def test_nobody_commits_after_the_deadline(room: Room, time: int) -> None:
    room.open()
    room.time = time
    with pytest.raises(WrongPhase, match="commit"):
        room.commit("ann", BID)


@pytest.mark.parametrize("time", [10, COMMITS - 1, REVEALS, REVEALS + 1])
def test_nobody_reveals_before_or_after(room: Room, time: int) -> None:
    room.open()
    room.commit("ann", BID)
    room.time = time
    with pytest.raises(WrongPhase, match="reveal"):
        room.reveal("ann", BID)


@pytest.mark.parametrize("time", [10, COMMITS, REVEALS - 1])
def test_nobody_closes_too_early(room: Room, time: int) -> None:
    room.open()
    room.time = time
    with pytest.raises(WrongPhase, match="close"):
        room.close()


def test_nothing_is_done_twice(room: Room) -> None:
    room.open()
    with pytest.raises(NameTaken):
        room.open(by="eve")
    room.commit("ann", BID)
    with pytest.raises(AlreadyCommitted):
        room.commit("ann", OFFER)
    room.time = COMMITS
    room.reveal("ann", BID)
    with pytest.raises(AlreadyRevealed):
        room.reveal("ann", BID)
    room.time = REVEALS
    room.close()
    with pytest.raises(AlreadyClosed):
        room.close()


# --- what a commitment binds ----------------------------------------------------------


@pytest.mark.parametrize(
    "orders",
    [
        (("buy", 2_000_001, 300_000, 1),),
        (("buy", 2_000_000, 299_999, 1),),
        (("sell", 2_000_000, 300_000, 1),),
        (("buy", 2_000_000, 300_000, 0),),
        (*BID, *BID),
    ],
)
def test_nobody_reveals_other_orders_than_it_committed_to(room: Room, orders: Value) -> None:
    room.open()
    room.commit("ann", BID)
    room.time = COMMITS
    with pytest.raises(DoesNotOpen):
        room.reveal("ann", orders)


def test_a_copied_commitment_cannot_be_opened_by_the_copier(room: Room) -> None:
    room.open()
    room.act("mallory", "commit", "noon", sealed("ann", BID))  # she is even first
    room.commit("ann", BID)
    room.time = COMMITS
    room.reveal("ann", BID)
    with pytest.raises(DoesNotOpen):
        room.act("mallory", "reveal", "noon", BID, salt("ann"))
    room.time = REVEALS
    room.close()
    assert (room.gained("ann"), room.gained("mallory")) == (0, -BOND)


def test_a_commitment_of_another_auction_or_chain_does_not_open(room: Room) -> None:
    room.open()
    room.act("ann", "commit", "noon", sealed("ann", BID, "evening"))
    other_chain = commitment("main", "noon", AT["ben"], BID, salt("ben"))
    room.act("ben", "commit", "noon", other_chain)
    room.time = COMMITS
    for name in ("ann", "ben"):
        with pytest.raises(DoesNotOpen):
            room.reveal(name, BID)


def test_who_did_not_commit_has_nothing_to_reveal(room: Room) -> None:
    room.open()
    room.time = COMMITS
    with pytest.raises(NoCommitment):
        room.reveal("ann", BID)


def test_who_cannot_cover_its_orders_cannot_reveal_them(room: Room) -> None:
    room.open()
    dear = (("buy", 10**9, 10**9, 1),)
    room.commit("ann", dear)
    room.commit("ben", OFFER)
    room.time = COMMITS
    with pytest.raises(Overdraft):
        room.reveal("ann", dear)
    room.reveal("ben", OFFER)
    room.time = REVEALS
    room.close()
    assert (room.gained("ann"), room.gained("fund"), room.in_safe) == (-BOND, BOND, 0)


def test_what_the_rule_refuses_of_one_trader_does_not_stop_the_others(room: Room) -> None:
    room.open()
    whole = (("buy", 2_000_000, 300_000, 0),)
    room.commit("ann", whole)
    room.time = COMMITS
    with pytest.raises(AllOrNone):
        room.reveal("ann", whole)


# --- refused by name ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "refusal", "match"),
    [
        ({"rule": "dutch"}, BadInput, "there is no rule"),
        ({"terms": (("point", "upper"),)}, BadInput, "the point is"),
        ({"terms": (("ties", "coin"),)}, BadInput, "ties are broken by"),
        ({"terms": (("nonsense", 1),)}, BadInput, "takes"),
        ({"terms": (("seed", 7),)}, BadArguments, "nobody chooses the seed"),
        ({"terms": (("point", "mid"), ("point", "mid"))}, BadArguments, "twice"),
        ({"terms": "mid"}, BadArguments, "pairs"),
        ({"bond": 0}, BadArguments, "bond"),
        ({"stake": -1}, BadArguments, "stake"),
        ({"commits": 10}, BadArguments, "commit_until"),
        ({"reveals": COMMITS}, BadArguments, "reveal_until"),
        ({"name": ""}, BadArguments, "auction"),
        ({"stake": MONEY_EACH + 1}, Overdraft, "are due"),
    ],
)
def test_an_auction_that_could_not_work_is_not_opened(
    room: Room, terms: dict[str, Any], refusal: type[Refusal], match: str
) -> None:
    with pytest.raises(refusal, match=match):
        room.open(**terms)
    assert (room.gained("operator"), "auction" in str(room.storage)) == (0, False)


def test_a_rule_by_which_somebody_may_lose_is_not_for_this_auction(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from energychain.markets import rules

    risky = replace(RULES["uniform"], name="risky", promises=frozenset({"strong budget"}))
    monkeypatch.setattr(rules, "RULES", {**RULES, "risky": risky})
    with pytest.raises(NotForThisAuction, match="more than its deposit"):
        room.open("risky")


@pytest.mark.parametrize(
    "orders",
    [
        (),
        "all",
        (("borrow", 1, 1, 1),),
        (("buy", 0, 1, 1),),
        (("buy", -1, 1, 1),),
        (("buy", 1, 10**16, 1),),
        (("buy", 10**16, 1, 1),),
        (("buy", 1, 1, 2),),
        (("buy", 1, 1),),
        (("buy", "1", 1, 1),),
        (BID[0],) * 1_001,
    ],
)
def test_orders_that_make_no_sense_are_never_revealed(room: Room, orders: Value) -> None:
    room.open()
    room.commit("ann", orders)
    room.time = COMMITS
    with pytest.raises(BadArguments, match="orders"):
        room.reveal("ann", orders)


def test_other_things_that_are_refused(room: Room) -> None:
    with pytest.raises(NoSuchAuction):
        room.commit("ann", BID)
    with pytest.raises(UnknownFunction, match="open, commit, reveal, close"):
        room.act("ann", "cancel")
    room.open()
    with pytest.raises(BadArguments, match="32 bytes"):
        room.act("ann", "commit", "noon", b"short")
    with pytest.raises(BadArguments, match="takes auction, digest"):
        room.act("ann", "commit", "noon")
    thin = commitment("floor", "noon", AT["ann"], BID, b"15 bytes of it!")
    room.act("ann", "commit", "noon", thin)
    room.time = COMMITS
    with pytest.raises(BadArguments, match="salt"):
        room.act("ann", "reveal", "noon", BID, b"15 bytes of it!")


def test_without_a_name_of_the_chain_no_auction_is_opened() -> None:
    with pytest.raises(NotSetUp):
        Room(Worksheet(State({}, {}, {}))).open()


# --- an operator who lies -------------------------------------------------------------


def test_every_lie_about_the_outcome_is_refused(room: Room) -> None:
    room.open()
    for name, orders in {"ann": BID, "ben": OFFER}.items():
        room.commit(name, orders)
    room.time = COMMITS
    for name, orders in {"ann": BID, "ben": OFFER}.items():
        room.reveal(name, orders)
    room.time = REVEALS
    true = room.result()
    (one, first), (other, second) = true.payments
    shifted = replace(true, payments=((one, first - 1), (other, second + 1)))
    more = replace(true, fills=tuple((id, fill + 1) for id, fill in true.fills))
    lies = (
        (digest("another"), true.digest, "root of the book"),
        (true.book_root, shifted.digest, "outcome digest"),
        (true.book_root, more.digest, "outcome digest"),
        (true.book_root, replace(true, prices=(1, 1)).digest, "outcome digest"),
        (true.book_root, replace(true, seed=7).digest, "outcome digest"),
        (true.book_root, "trust me", "outcome digest"),
    )
    for root, outcome, item in lies:
        with pytest.raises(WrongOutcome, match=item):
            room.act("operator", "close", "noon", root, outcome)
    room.close("operator")
    assert room.in_safe == 0


# --- called off -----------------------------------------------------------------------


def with_rule(monkeypatch: pytest.MonkeyPatch, name: str, rule: Any) -> None:
    from energychain.markets import rules

    made = replace(RULES["uniform"], name=name, clear=rule, terms=())
    monkeypatch.setattr(rules, "RULES", {**RULES, name: made})


def subsidised(book: Book) -> Any:
    """Buyers pay nothing, sellers get their limit: a deficit for somebody to pay."""
    fair = clear(book)
    amounts = fair.amounts.copy()
    amounts[book.bids] = 0
    return replace(fair, amounts=amounts)


@pytest.mark.parametrize(("stake", "called_off"), [(400_000, ""), (399_999, "deficit")])
def test_a_deficit_is_paid_from_the_stake_or_the_auction_is_called_off(
    room: Room, monkeypatch: pytest.MonkeyPatch, stake: int, called_off: str
) -> None:
    with_rule(monkeypatch, "subsidised", subsidised)
    room.open("subsidised", stake=stake)
    result = room.auction({"ann": BID, "ben": OFFER, "cat": BID}, breaks_off=("cat",))
    assert result.called_off == called_off
    paid = 0 if called_off else 400_000
    assert (room.gained("operator"), room.gained("ben")) == (-paid, paid)
    assert (room.gained("ann"), room.gained("cat"), room.in_safe) == (0, -BOND, 0)


def test_a_rule_that_refuses_the_book_calls_the_auction_off(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(book: Book) -> Any:
        if len(book) > 2:
            raise BadInput("three is a crowd")
        return clear(book)

    with_rule(monkeypatch, "picky", picky)
    room.open("picky")
    result = room.auction({"ann": BID, "ben": OFFER, "cat": OFFER})
    assert (result.called_off, result.fills, result.payments) == ("bad input", (), ())
    assert [room.gained(name) for name in ("ann", "ben", "cat")] == [0, 0, 0]
    assert room.in_safe == 0


def test_a_rule_that_breaks_its_promise_cannot_take_more_than_the_cover(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(book: Book) -> Any:
        fair = clear(book)
        return replace(fair, amounts=fair.amounts * 10)

    with_rule(monkeypatch, "greedy", greedy)
    room.open("greedy")
    assert room.auction({"ann": BID, "ben": OFFER}).called_off == "cover"
    assert (room.gained("ann"), room.gained("ben"), room.in_safe) == (0, 0, 0)


# --- the seed -------------------------------------------------------------------------


def test_the_seed_covers_every_commitment_and_every_salt(room: Room) -> None:
    room.open()
    room.auction({"ann": BID, "ben": OFFER, "cat": BID}, breaks_off=("cat",))
    committed, revealed = commitments(room.storage, "noon"), reveals(room.storage, "noon")
    seed = seed_of(committed, revealed)
    for i in range(len(committed)):
        assert seed_of((*committed[:i], *committed[i + 1 :]), revealed) != seed
    for i in range(len(revealed)):
        assert seed_of(committed, (*revealed[:i], *revealed[i + 1 :])) != seed
    assert seed_of(committed[::-1], revealed[::-1]) == seed


def test_the_last_to_commit_cannot_choose_the_lots() -> None:
    """From commitments alone it could: it would try salts until its lot is the first.

    Two offers tie. The last tries up to 64 salts before it commits, and works out the lots
    with what it knows then. With a seed of commitments alone it wins every time; with ours
    it has to guess the other's salt, and wins no more often than by chance.
    """
    from energychain.contracts.sealed_auction import Commitment, Reveal
    from energychain.markets.ties import drawn_by_lot

    def reveal(name: str, secret: bytes) -> Reveal:
        return Reveal(AT[name], OFFER, secret, 0)

    def seed(game: int, mine: bytes, others_salt: bytes | None) -> int:
        its = digest(("secret", game))
        pair = {"ann": its, "ben": mine}
        sealed_pair = tuple(
            Commitment(i, AT[name], commitment("floor", "noon", AT[name], OFFER, secret), 1)
            for i, (name, secret) in enumerate(pair.items())
        )
        known = () if others_salt is None else (reveal("ann", others_salt), reveal("ben", mine))
        return seed_of(sealed_pair, known)

    games, alone, with_salts = 200, 0, 0
    for game in range(games):
        tries = [digest(("mine", game, i)) for i in range(64)]
        for others_salt, truth in ((None, None), (bytes(32), digest(("secret", game)))):
            mine = next(s for s in tries if drawn_by_lot(2, seed(game, s, others_salt))[0] == 1)
            won = drawn_by_lot(2, seed(game, mine, truth))[0] == 1
            alone += won and truth is None
            with_salts += won and truth is not None
    assert alone == games
    assert 0.35 * games < with_salts < 0.65 * games  # 4 standard deviations about a half


def test_the_lots_are_drawn_from_the_seed(room: Room) -> None:
    room.open(terms=(("ties", "lottery"),))
    offers = dict.fromkeys(("ben", "cat", "dan", "eve"), OFFER)
    result = room.auction({"ann": BID, **offers})
    assert sorted(quantity for _, quantity in result.fills) == [0, 0, 0, 2_000_000, 2_000_000]
    name, opening = named_auction(room.storage, "noon")
    winners = {
        max(cleared(name, "uniform", opening.terms, seed, book(room)).fills[1:], key=lambda f: f[1])
        for seed in range(50)
    }
    assert len(winners) == 4  # another seed, another winner


def book(room: Room) -> tuple[Order, ...]:
    return book_of(commitments(room.storage, "noon"), reveals(room.storage, "noon"))


def test_the_earlier_commitment_comes_first_whatever_its_trader_says(room: Room) -> None:
    room.open(terms=(("ties", "time"),))
    result = room.auction({"ann": BID, "eve": OFFER, "ben": OFFER})
    assert [quantity for _, quantity in result.fills] == [2_000_000, 2_000_000, 0]
    assert [each.time for each in book(room)] == [10_000_000, 10_000_001, 10_000_002]


# --- for any orders, any rule ---------------------------------------------------------

any_orders = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 5_000_001),
        st.integers(-200_003, 400_007),
        st.just(1),
    ),
    min_size=1,
    max_size=3,
).map(tuple)


@given(
    st.dictionaries(st.sampled_from(NAMES[:5]), st.tuples(any_orders, st.booleans()), max_size=5),
    st.sampled_from([rule for rule in RULES.values() if "rational" in rule.promises]),
    st.integers(0, 10**7),
)
@settings(max_examples=150, deadline=None)
def test_whatever_happens_money_is_kept_and_no_deposit_is_stuck(
    played: dict[str, tuple[Value, bool]], rule: Any, stake: int
) -> None:
    storage = {"sealed_auction": {key: value for _, key, value in opening_storage("floor")}}
    balances = {(MONEY, AT[name]): MONEY_EACH for name in NAMES}
    here = Room(Worksheet(State(balances, {}, storage)))
    here.open(rule.name, stake=stake)
    for name, (orders, _) in played.items():
        here.commit(name, orders)
    here.time = COMMITS
    revealed = {}
    for name, (orders, opens) in played.items():
        if opens:
            try:
                here.reveal(name, orders)
                revealed[name] = orders
            except Refusal as refusal:  # what the rule does not take, such as two sides
                assert not isinstance(refusal, Overdraft)
    here.time = REVEALS
    result = here.close()

    assert here.in_safe == 0
    assert sum(here.gained(name) for name in NAMES) == 0
    due = dict(result.payments)
    for name in NAMES[:5]:
        lost = BOND if name in played and name not in revealed else 0
        assert here.gained(name) == -due.get(AT[name], 0) - lost
    # An independent look at the book: nobody pays more than its own limits say.
    fills, limits = dict(result.fills), {each.id: each for each in book(here)}
    for name in revealed:
        worth = sum(
            each.price * fills.get(id, 0) * (1 if each.side == "buy" else -1)
            for id, each in limits.items()
            if each.trader == AT[name]
        )
        assert due.get(AT[name], 0) * 10**6 < worth + 10**6  # to a rounded micro-unit
    if "no deficit" in rule.promises:
        assert here.gained("operator") >= 0
    assert result.book_root == book_tree(limits.values()).root


@given(any_orders)
@settings(max_examples=50, deadline=None)
def test_the_cover_is_what_all_fills_at_the_limits_would_cost(orders: Value) -> None:
    from energychain.contracts.market_digest import orders_of

    listed = orders_of(orders, "ann", 0, 0)
    exact = sum(max(0, o.price * o.quantity if o.side == "buy" else -o.price * o.quantity)
                for o in listed)  # fmt: skip
    assert exact <= worst_payment(listed) * 10**6 < exact + 10**6
