"""
Every number that chapter 9 of Shafie-khah (ed., 2020) prints about its charging-quota
evening, beside ours.

Two things cannot both be as the chapter says. Its text has a margin of 343 kW; all of its
quotas and fees follow from 323 kW. Its Algorithm 1 lets each pair trade at its own
midpoint; its Table 4 has one price for all, the midpoint of the last pair. We follow the
tables, and show what the text would give.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import cache, partial

from energychain.contracts.charging_quota import initial_quota, satisfaction
from energychain.primitives.units import from_units, kwh, tokens
from energychain.studies.charging_quota import (
    Evening,
    Terms,
    hourly_fee,
    rehearse,
    run,
    table,
    tariff_in_tokens,
)
from energychain.studies.claims import (
    Claim,
    agrees_as_printed,
    compared,
    erratum,
    shown,
    trimmed,
    unjudged,
)

STUDY = "charging_quota"
SOURCE = "Shafie-khah (ed., 2020), chapter 9"
TEXT = f"{SOURCE}, section 4"

_shown = partial(shown, STUDY)

PRINTED_MARGIN = 343
"""What the text says [kW]."""

ALGORITHM_1, TABLE_4 = "pairwise_midpoint", "last_pair_midpoint"

GIVEN = "given: taken from the table, and read back from the ledger"


def claims(evening: Evening | None = None) -> list[Claim]:
    """All claims of the evening, from an evening on the chain."""
    evening = evening or run(rule=TABLE_4)
    return [
        *_table_1(),
        *_table_2(evening),
        *_table_3(evening),
        *_fees(evening),
        *_payments(evening),
        *_text(evening),
    ]


# --- the margin -----------------------------------------------------------------------


@cache
def cells_that_fit(margin: int) -> int:
    """How many of the 16 printed quotas and fees follow from a margin [kW].

    >>> cells_that_fit(323), cells_that_fit(343)
    (16, 0)
    """
    demands = [int(row["demand_kw"]) * 10**6 for row in table(2)]
    quotas = [initial_quota(demand, margin * 10**6, sum(demands)) for demand in demands]
    tariff = Decimal(tariff_in_tokens("1.12"))
    kilowatts = [Decimal(from_units(quota, 6)) for quota in quotas]
    printed_quotas = [row["initial_quota_kw"] for row in table(2)]
    printed_fees = [row["fee_token"] for row in table(4)]
    quotas_fit = map(agrees_as_printed, kilowatts, printed_quotas)
    fees_fit = map(agrees_as_printed, [kw * tariff for kw in kilowatts], printed_fees)
    return sum(quotas_fit) + sum(fees_fit)


def margins_that_fit() -> list[int]:
    """The whole margins [kW], up to the sum of all demands, from which all 16 cells follow.

    >>> margins_that_fit()
    [323]
    """
    total = sum(int(row["demand_kw"]) for row in table(2))
    return [margin for margin in range(1, total + 1) if cells_that_fit(margin) == 16]


# --- the tables -----------------------------------------------------------------------


def _table_1() -> Iterator[Claim]:
    for row in table(1):
        yield compared(
            _claim(
                f"tariff.{row['cny_per_kwh']}",
                1,
                f"tariff at {row['hours']}",
                "token/kWh",
                row["token_per_kwh"],
                tariff_in_tokens(row["cny_per_kwh"]),
            ),
            exactly=True,
        )
    yield _shown(
        "tariff.hours",
        f"{SOURCE}, Table 1",
        "hours of the day that have one price",
        "h",
        "",
        str(sum(len(set(_hours(row["hours"]))) for row in table(1))),
        "not printed, but true: the hours cover the day once",
    )


def _hours(spans: str) -> Iterator[int]:
    for span in spans.split():
        first, last = (int(clock.split(":")[0]) for clock in span.split("-"))
        yield from (hour % 24 for hour in range(first, last if last > first else last + 24))


def _table_2(evening: Evening) -> Iterator[Claim]:
    for printed in table(2):
        row = evening.row(printed["station"])
        yield compared(
            _claim(
                f"demand.{row.station}",
                2,
                f"charging demand of {row.station}",
                "kW",
                printed["demand_kw"],
                trimmed(evening.kw(row.demand, 6)),
                GIVEN,
            ),
            exactly=True,
        )
        yield compared(
            _claim(
                f"quota.{row.station}",
                2,
                f"initial quota of {row.station}",
                "kW",
                printed["initial_quota_kw"],
                evening.kw(row.initial, 6),
                f"from {evening.kw(evening.margin, 0)} kW",
            )
        )


def _table_3(evening: Evening) -> Iterator[Claim]:
    for printed in table(3):
        row = evening.row(printed["station"])
        column = "demand_kwh" if row.side == "buy" else "supply_kwh"
        what = "bid" if row.side == "buy" else "offer"
        yield compared(
            _claim(
                f"{what}.{row.station}",
                3,
                f"quantity of the {what} of {row.station}",
                "kWh",
                printed[column],
                trimmed(kwh(row.wanted)),
                GIVEN,
            ),
            exactly=True,
        )
        yield compared(
            _claim(
                f"price.{row.station}",
                3,
                f"limit of the {what} of {row.station}",
                "token/kWh",
                printed["price_token_per_kwh"],
                trimmed(tokens(row.price)),
                GIVEN,
            ),
            exactly=True,
        )
    yield _unit_of_table_3(evening)


def _unit_of_table_3(evening: Evening) -> Claim:
    too_much = {
        minutes: [
            row.station
            for row in rehearse(terms=Terms(minutes=minutes)).rows
            if row.side == "buy" and row.initial + row.wanted > row.demand
        ]
        for minutes in (30, 60)
    }
    most = max((r for r in evening.rows if r.side == "buy"), key=lambda row: row.wanted)
    return _shown(
        "unit.table_3",
        f"{SOURCE}, Table 3",
        "buyers whose bid would lift them above their own demand",
        "",
        "",
        f"{', '.join(too_much[30])}; read as kW: {', '.join(too_much[60]) or 'none'}",
        f"The unit kWh is doubtful. In half an hour {trimmed(kwh(most.wanted))} kWh are"
        f" {trimmed(evening.kw(most.wanted))} kW and would lift {most.station} from"
        f" {evening.kw(most.initial)} to {evening.kw(most.initial + most.wanted)} kW; it asked for"
        f" {trimmed(evening.kw(most.demand))}. Like the fees, the auction may count an hour.",
    )


def _fees(evening: Evening) -> Iterator[Claim]:
    for printed in table(4):
        name = printed["station"]
        yield compared(
            _claim(
                f"fee.{name}",
                4,
                f"fee of {name}, for an hour at its initial quota",
                "token",
                printed["fee_token"],
                hourly_fee(evening, name),
                "how the chapter worked it out: quota in kW x 112 token/kWh x 1 h",
            )
        )
    for printed in table(4):
        row = evening.row(printed["station"])
        yield erratum(
            _claim(
                f"fee.half_hour.{row.station}",
                4,
                f"fee of {row.station}, for what it charges in half an hour",
                "token",
                printed["fee_token"],
                f"{Decimal(tokens(row.fee)):.2f}",
                "A period is half an hour, and the fee is for the energy charged (section 3.3)."
                f" The quota after the auction, {kwh(row.quota)} kWh, lets {row.station} charge"
                f" {kwh(row.load)} kWh of its demand.",
            )
        )


def _payments(evening: Evening) -> Iterator[Claim]:
    column = Decimal(0)
    for printed in table(4):
        row = evening.row(printed["station"])
        column += Decimal(printed["payment_token"])
        claim = _claim(
            f"payment.{row.station}",
            4,
            f"payment of {row.station} in the auction",
            "token",
            printed["payment_token"],
            trimmed(tokens(row.payment)),
            _WRONG_PAYMENTS.get(row.station, ""),
        )
        yield erratum(claim) if row.station in _WRONG_PAYMENTS else compared(claim, exactly=True)
    yield erratum(
        _claim(
            "payment.sum",
            4,
            "sum of all payments in the auction",
            "token",
            str(column),
            trimmed(tokens(sum(row.payment for row in evening.rows))),
            "What buyers pay, sellers receive. The printed column does not add up to zero,"
            " because of B and C; the repaired one does.",
        )
    )
    by_pairs = rehearse(rule=ALGORITHM_1)
    for row in by_pairs.rows:
        if row.payment:
            yield _shown(
                f"algorithm_1.{row.station}",
                f"{SOURCE}, Algorithm 1",
                f"payment of {row.station}, each pair at its own midpoint",
                "token",
                "",
                trimmed(tokens(row.payment)),
                "what the printed algorithm gives",
            )
    one_price = {row.payment * 1_000 // row.traded for row in evening.rows if row.traded}
    first = by_pairs.row("E")
    yield erratum(
        _claim(
            "price_rule",
            4,
            "price of a trade",
            "",
            "the average of its own bid and offer (step 5, Algorithm 1)",
            f"one price for all, {' or '.join(map(str, one_price))}: the average of the last pair",
            f"Table 4 does not follow Algorithm 1. By it {first.station} would pay"
            f" {trimmed(tokens(first.payment))}, printed is {table(4)[4]['payment_token']}.",
        )
    )


_WRONG_PAYMENTS = {
    "B": "The value of E again. B buys 6.5 kWh at 23: 149.5.",
    "C": "225.4 is its whole offer, 9.8 kWh at 23. Only 6.6 kWh are sold: 151.8.",
}


# --- the text -------------------------------------------------------------------------


def _text(evening: Evening) -> Iterator[Claim]:
    fitting = margins_that_fit()
    total = evening.demand
    yield erratum(
        _claim(
            "margin",
            TEXT,
            "capacity margin of the transformer",
            "kW",
            str(PRINTED_MARGIN),
            " or ".join(map(str, fitting)),
            f"All 16 quotas and fees of Tables 2 and 4 follow from {fitting[0]} kW, and from no"
            f" other whole number; {cells_that_fit(PRINTED_MARGIN)} of them follow from"
            f" {PRINTED_MARGIN}, which would also make beta"
            f" {_ratio(PRINTED_MARGIN * 10**6, 390 * 10**6)}.",
        )
    )
    yield compared(
        _claim("demand", TEXT, "total charging demand", "kW", "390", trimmed(evening.kw(total)))
    )
    yield compared(
        _claim(
            "satisfaction",
            TEXT,
            "demand satisfaction rate beta",
            "",
            "0.83",
            f"{float(evening.satisfaction):.4f}",
        )
    )
    yield _shown("stations", TEXT, "charging stations", "", "eight", str(len(evening.rows)))
    yield _shown(
        "cleared",
        TEXT,
        "quota that changes hands",
        "kWh",
        "",
        trimmed(kwh(evening.cleared)),
        "not printed; Figure 3 draws it",
    )
    idle = [row.station for row in evening.rows if not row.traded]
    yield _shown(
        "idle",
        TEXT,
        "stations that the auction leaves as they were",
        "",
        "A and G",
        " and ".join(idle),
        "all others gain, by their own limits",
    )
    default = [
        row.station
        for row in rehearse(loads={row.station: row.initial for row in evening.rows}).rows
        if row.penalty
    ]
    yield _shown(
        "default",
        f"{SOURCE}, Table 4",
        "stations in default, had they charged what Table 4 lets them pay for",
        "",
        "",
        ", ".join(default),
        "they sold quota, and are charged as if they had not",
    )
    yield erratum(
        _claim(
            "step",
            f"{SOURCE}, section 3.3",
            "step of section 2 that payment and withdrawal make up",
            "",
            "step 5",
            "step 6",
            "Step 5 is the auction. Fees and penalties are step 6.",
        )
    )


def _ratio(margin: int, total: int) -> str:
    return f"{float(satisfaction(margin, total)):.2f}"


def _claim(
    name: str,
    place: int | str,
    quantity: str,
    unit: str,
    printed: str,
    computed: str,
    note: str = "",
) -> Claim:
    source = place if isinstance(place, str) else f"{SOURCE}, Table {place}"
    return unjudged(STUDY, name, source, quantity, unit, printed, computed, note)
