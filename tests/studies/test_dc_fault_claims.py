"""
The claims of the DC fault, and that each of them can fail: a fit that is changed, an
erratum that is repaired. Equation (3) is judged by finite differences, the nBits by
Bitcoin's published blocks, the rule in each convention by a plain loop.
"""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from math import isnan

import numpy as np
import pytest
from scipy.integrate import simpson

from energychain.consensus.difficulty import (
    GENESIS,
    bits_and_hash,
    compact,
    expanded,
    what_bits_encode,
)
from energychain.grid.dc_line import SET_B, SET_U, Fault, Line, LoadStep, droop, solve
from energychain.grid.relay import Sampling, isolation_over_phases, measure, watch
from energychain.primitives.bitcoin import bitcoin_header, double_sha256
from energychain.studies import STUDIES
from energychain.studies.claims import agrees_as_printed, erratum, fitted
from energychain.studies.dc_fault import (
    LEDGER_DELAY,
)
from energychain.studies.dc_fault_claims import (
    BARE,
    CLEAR_1,
    CLEAR_10,
    CLOCKWISE,
    CLOSED,
    CONVENTIONS,
    FED,
    FIRST,
    INTO,
    PEAK_1,
    PEAK_10,
    claims,
    delays_that_give,
    derivative,
    gap_of_equation_3,
    highest_with_freewheel,
    mixed_conventions,
    without_terminals,
)
from energychain.studies.dc_fault_fit import (
    FITS,
    FREE,
    HARD,
    SHORT_WINDOW,
    SOFT,
    Fit,
    changed,
    figures,
    sensitivities,
)

FOUND = claims()
CLAIMS = {claim.id.removeprefix("dc_fault."): claim for claim in FOUND}
B, U = FITS["B"], FITS["U"]

UNLIKE = replace(SET_B, capacitance_2=1e-3, reactor_resistance=0.05, terminal_1=droop(48.0, 0.5))
"""A line whose ends are not alike, with a droop instead of a constant current."""


# --- the list -------------------------------------------------------------------------


def test_every_claim_has_an_id_of_its_own_a_place_and_a_verdict() -> None:
    assert len(CLAIMS) == len(FOUND)
    assert all(claim.id.startswith("dc_fault.") for claim in FOUND)
    assert all("chapter 11, " in claim.source for claim in FOUND)
    assert all(claim.explained and claim.computed and claim.note for claim in FOUND)
    assert Counter(claim.verdict for claim in FOUND) == {
        "reproduced": 1,
        "erratum": 9,
        "fitted": 11,
        "shown": 24,
    }
    assert {claim.id for claim in STUDIES["dc_fault"]()} == {claim.id for claim in FOUND}


def test_the_errata_are_exactly_these() -> None:
    assert {name for name, claim in CLAIMS.items() if claim.verdict == "erratum"} == {
        "ledger.1_ohm",
        "equation_3.first_term",
        "equation_3.last_term",
        "equation_4.name",
        "equation_4.load",
        "block.bits",
        "message.secret",
        "message.pmu",
        "sections",
    }


@pytest.mark.parametrize(
    "claim", [claim for claim in FOUND if claim.verdict == "erratum"], ids=lambda claim: claim.id
)
def test_a_repaired_erratum_is_none(claim) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="agrees with what is printed"):
        erratum(replace(claim, printed=claim.computed))


# --- the fits -------------------------------------------------------------------------


@pytest.mark.parametrize("name", FITS)
def test_the_four_figures_are_those_of_the_exact_physics(name: str) -> None:
    fit = FITS[name]
    found = figures(fit)
    hard, soft = solve(fit.line, HARD), solve(fit.line, SOFT)
    assert found.peak_25 == hard.peaks["i1"].value
    assert found.clear_10 == isolation_over_phases(soft, "literal", fit.sampling).mean() * 1e3
    for value, printed in zip(found, (PEAK_1, PEAK_10, CLEAR_1, CLEAR_10), strict=True):
        assert agrees_as_printed(Decimal(value), printed)


def test_a_fit_names_what_was_free_and_what_is_left_over() -> None:
    for claim in FOUND:
        if claim.verdict == "fitted":
            assert all(free.name in claim.note for free in FREE)
    assert "Ours less printed: -0.26." in CLAIMS["peak.1_ohm.B"].note
    assert "V_n -4.64/+4.64" in CLAIMS["peak.1_ohm.B"].note
    assert "breaker -0.020/+0.020" in CLAIMS["clear.10_ohm.B"].note


def test_the_short_window_changes_nothing() -> None:
    for fit in FITS.values():
        assert figures(fit, window=SHORT_WINDOW) == pytest.approx(figures(fit), rel=1e-12)
        rows = sensitivities(fit.line, fit.sampling)
        assert all(float(row["clear_1"]) < SHORT_WINDOW * 1e3 / 2 for row in rows)


def test_more_numbers_were_free_than_there_are_figures() -> None:
    fields = {name for free in FREE for name in free.fields}
    assert fields <= {*Line.__dataclass_fields__, *Sampling.__dataclass_fields__}
    assert int(CLAIMS["freedom"].computed) == len(FREE) == 11 > len(figures(B))
    assert CLAIMS["freedom.sets"].computed == "0.8 and 2"


@pytest.mark.parametrize(
    "fit",
    [
        Fit(replace(SET_B, nominal_voltage=44.0), B.sampling),
        Fit(replace(SET_B, reactor_inductance=0.6e-3), B.sampling),
        Fit(replace(SET_B, load_current=3.0), B.sampling),
        Fit(SET_B, replace(B.sampling, breaker_s=200e-6)),
        Fit(SET_U, B.sampling),
        Fit(SET_B, replace(B.sampling, rate_hz=10_000)),
    ],
)
def test_another_line_or_relay_is_refused_as_a_fit(fit: Fit) -> None:
    with pytest.raises(ValueError, match=r"the fitted claim dc_fault\..* does not agree"):
        claims({"B": fit})


def test_a_relay_that_never_trips_is_no_fit() -> None:
    blind = Fit(SET_B, replace(B.sampling, consecutive=2000))
    assert isnan(figures(blind).clear_1)
    with pytest.raises(ValueError, match=r"clear\.1_ohm\.B does not agree: nan"):
        claims({"B": blind})


# --- sensitivities --------------------------------------------------------------------


def moves(fit: Fit, parameter: str, figure: str) -> tuple[float, float]:
    """By how much a figure moves with less and with more of a parameter."""
    now = getattr(figures(fit), figure)
    rows = [r for r in sensitivities(fit.line, fit.sampling) if r["parameter"] == parameter]
    less, more = (float(row[figure]) - now for row in rows)
    return less, more


@pytest.mark.parametrize(
    ("fit", "parameter", "figure", "sign"),
    [
        (B, "L of the reactors", "clear_1", 1),
        (B, "L of the reactors", "clear_10", 1),
        (B, "L of the reactors", "peak_25", -1),
        (U, "L of the cable", "clear_1", 1),
        (U, "L of the cable", "clear_10", 1),
        (U, "L of the cable", "peak_25", -1),
        *[
            (fit, parameter, figure, sign)
            for fit in (B, U)
            for parameter, figure, sign in [
                ("V_n", "peak_25", 1),
                ("V_n", "peak_4", 1),
                ("I_load", "peak_4", 1),
                ("C", "peak_25", 1),
                ("C", "clear_1", 1),
                ("R of the cable", "peak_25", -1),
                ("sampling rate", "clear_10", -1),
                ("samples in a row", "clear_1", 1),
                ("link", "clear_1", 1),
                ("breaker", "clear_10", 1),
            ]
        ],
    ],
)
def test_each_figure_moves_as_physics_says(
    fit: Fit, parameter: str, figure: str, sign: int
) -> None:
    less, more = moves(fit, parameter, figure)
    assert less * sign < 0 < more * sign


def test_what_comes_after_the_decision_is_added_and_does_not_touch_the_peak() -> None:
    for parameter, seconds in (("link", B.sampling.link_s), ("breaker", B.sampling.breaker_s)):
        less, more = moves(B, parameter, "clear_1")
        assert more == pytest.approx(0.2 * seconds * 1e3) == pytest.approx(-less)
        assert moves(B, parameter, "peak_25") == (0.0, 0.0)


def test_a_row_is_the_fit_with_one_number_changed() -> None:
    rows = sensitivities(fraction=0.5)
    row = next(r for r in rows if (r["parameter"], r["change"]) == ("C", "+50%"))
    line = replace(SET_B, capacitance_1=1.5 * 4.7e-3, capacitance_2=1.5 * 4.7e-3)
    assert row["peak_25"] == solve(line, HARD).peaks["i1"].value
    assert list(row) == ["parameter", "change", "peak_25", "peak_4", "clear_1", "clear_10"]


def test_every_free_number_has_its_rows_unless_it_cannot_change() -> None:
    counted = Counter(row["parameter"] for row in sensitivities())
    assert counted == {free.name: 1 if free.name == "periods per slope" else 2 for free in FREE}
    without = {row["parameter"] for row in sensitivities(U.line, U.sampling)}
    assert {free.name for free in FREE} - without == {"L of the reactors"}
    assert changed(B, FREE[7], -1) is None and FREE[7].name == "periods per slope"


# --- the ledger -----------------------------------------------------------------------


def test_no_single_delay_gives_both_figures() -> None:
    found = figures(B)
    (low_29, high_29), (low_25, high_25) = (
        delays_that_give("29", found.clear_1),
        delays_that_give("2.5", found.clear_10),
    )
    for low, high, printed, first in (
        (low_29, high_29, "29", found.clear_1),
        (low_25, high_25, "2.5", found.clear_10),
    ):
        for delay, fits in ((low - 1e-6, False), (low + 1e-6, True)):
            assert agrees_as_printed(Decimal(first + delay), printed) is fits
        for delay, fits in ((high - 1e-6, True), (high + 1e-6, False)):
            assert agrees_as_printed(Decimal(first + delay), printed) is fits
    assert high_25 < low_29
    assert "No delay is in both" in CLAIMS["ledger.delays"].note


def test_the_delay_decides_which_of_the_two_is_wrong() -> None:
    assert CLAIMS["ledger.1_ohm"].computed == "2.86"
    assert agrees_as_printed(Decimal(figures(B).clear_1 + LEDGER_DELAY * 1e3), "2.9")
    with pytest.raises(ValueError, match=r"erratum dc_fault\.ledger\.1_ohm agrees"):
        claims({"B": B}, delay=27.6e-3)
    with pytest.raises(ValueError, match=r"dc_fault.ledger.10_ohm does not agree: 2.59"):
        claims({"B": B}, delay=2.1e-3)


def test_waiting_for_the_ledger_lets_more_energy_through() -> None:
    for name, case in (("1_ohm", HARD), ("10_ohm", SOFT)):
        waves = solve(SET_B, case)
        with_ledger = float(CLAIMS[f"ledger.energy.{name}"].computed)
        at_once = float(CLAIMS[f"ledger.energy.{name}"].note.split()[0])
        assert with_ledger > 2 * at_once
        # An independent integral: the power in the fault, by Simpson's rule.
        trip = watch(waves, "literal")
        assert trip is not None
        for wait, energy in ((0.0, at_once), (LEDGER_DELAY, with_ledger)):
            time = np.linspace(0, trip.isolated + wait, 2001)
            power = case.resistance * waves.at(time)["i_f"] ** 2
            assert round(simpson(power, x=time), 2) == energy


# --- Equation (3) ---------------------------------------------------------------------


@pytest.mark.parametrize("line", [SET_B, SET_U, UNLIKE])
@pytest.mark.parametrize("case", [HARD, SOFT, Fault(0.5, 0.8), Fault(30.0, 0.1)])
def test_equation_3_holds_in_one_reading_only(line: Line, case: Fault) -> None:
    waves = solve(line, case)
    assert gap_of_equation_3(waves) < 1e-9
    assert gap_of_equation_3(waves, first=FIRST) > 0.1
    assert gap_of_equation_3(waves, last=BARE) > 10 * CLOSED
    assert gap_of_equation_3(waves, counted=CLOCKWISE) > 0.1


def test_without_source_and_load_the_printed_last_term_is_right() -> None:
    waves = solve(without_terminals(SET_B), HARD)
    assert gap_of_equation_3(waves, last=BARE) == gap_of_equation_3(waves, last=FED) < 1e-12


@pytest.mark.parametrize("order", [1, 2])
def test_the_derivatives_are_those_of_finite_differences(order: int) -> None:
    waves = solve(UNLIKE, HARD)
    step = 2e-6
    for quantity in ("i1", "i2", "v1"):
        at = [waves.at(waves.time[5:-5] + k * step)[quantity] for k in (-1, 0, 1)]  # type: ignore[literal-required]
        slope = (
            (at[2] - at[0]) / (2 * step) if order == 1 else (at[2] - 2 * at[1] + at[0]) / step**2
        )
        exact = derivative(waves, quantity, order)[5:-5]  # type: ignore[arg-type]
        assert np.abs(slope - exact).max() < 1e-4 * np.abs(exact).max()


def test_equation_3_by_finite_differences() -> None:
    """All of it without the circuit's matrices."""
    waves, step = solve(SET_B, HARD), 2e-6
    before, now, after = (waves.at(waves.time[5:-5] + k * step) for k in (-1, 0, 1))
    d1, d2 = ((after[i] - before[i]) / (2 * step) for i in ("i1", "i2"))
    bend = (after["i1"] - 2 * now["i1"] + before["i1"]) / step**2
    inductance, resistance = 0.33 * 0.8e-3 + 0.4e-3, 0.33 * 0.6
    right = inductance * bend + (resistance + 2) * d1 + (now["i1"] - 1.7) / 4.7e-3
    assert np.abs(d1 - d2 - right).max() < 1e-4 * np.abs(d1 - d2).max()
    assert np.abs(d1 - d2 - (right - inductance * bend)).max() > 0.1 * np.abs(d1 - d2).max()


def test_where_a_diode_conducts_no_derivative_is_given() -> None:
    with pytest.raises(ValueError, match="a diode conducts"):
        derivative(solve(SET_B, Fault(0.1, 0.33)), "i1", 1)


# --- conventions ----------------------------------------------------------------------


@pytest.mark.parametrize("case", [HARD, SOFT, Fault(1.0, 1.5), Fault(1.0, -0.5), LoadStep(-0.85)])
@pytest.mark.parametrize(("directions", "slopes"), CONVENTIONS)
def test_mixed_conventions_by_a_plain_loop(
    case: Fault | LoadStep, directions: str, slopes: str
) -> None:
    samples = measure(solve(SET_B, case))
    t, i1, i2 = samples.time, samples.currents.one, samples.currents.two
    in_a_row, found = 0, float("nan")
    for n in range(1, len(t)):
        d1, d2 = ((i[n] - i[n - 1]) / (t[n] - t[n - 1]) for i in (i1, i2))
        alpha = d1 - d2 if slopes == INTO else d1 + d2
        s1 = 1 if i1[n] >= 0 else -1
        s2 = (1 if i2[n] >= 0 else -1) if directions == INTO else (1 if i2[n] <= 0 else -1)
        rule = 2 * d1 + 1.7 / (4 * 4.7e-3 * 48) * i1[n] - abs(s1 * s2 - 1) / 2 * alpha
        in_a_row = in_a_row + 1 if rule <= 0 else 0
        if in_a_row == 3:
            found = (t[n] + 120e-6) * 1e3
            break
    assert mixed_conventions(case, directions, slopes) == pytest.approx(found, nan_ok=True)


def test_clockwise_throughout_loses_the_half_millisecond() -> None:
    assert mixed_conventions(SOFT, CLOCKWISE, CLOCKWISE) > 4 * mixed_conventions(
        SOFT, *CONVENTIONS[0]
    )
    assert "no trip" in CLAIMS["conventions.into_the_line.into_the_line"].note


# --- the rule -------------------------------------------------------------------------


def test_the_rule_is_true_only_after_the_fault_s_current_has_its_peak() -> None:
    after = [float(each) for each in CLAIMS["rule.restrains"].computed.split(" and ")]
    assert all(0 < each < 20 for each in after)
    for case, each in zip((HARD, SOFT), after, strict=True):
        waves = solve(SET_B, case)
        when, step = waves.peaks["i_f"].time + each * 1e-6, 1e-7
        for aside, sign in ((-0.5e-6, 1), (0.5e-6, -1)):
            at = waves.at([when + aside - step, when + aside, when + aside + step])
            slope = (at["i_f"][2] - at["i_f"][0]) / (2 * step)
            assert sign * (slope + 1.7 / (4 * 4.7e-3 * 48) * at["i1"][1]) > 0


def test_the_printed_rule_fails_where_the_guarded_one_does_not() -> None:
    for name in ("beyond", "behind", "load_off", "overload"):
        claim = CLAIMS[f"rule.false_trip.{name}"]
        assert float(claim.computed) > 0
        assert "guarded: no trip" in claim.note
    quiet, _, loud = (int(each) for each in CLAIMS["rule.healthy"].computed.split(", "))
    assert (quiet, loud) == (0, 100)
    assert CLAIMS["rule.healthy"].note.endswith("guarded by a pickup and S_T = 1: 0 at the last.")
    seen = [int(each) for each in CLAIMS["rule.noise"].computed.split(", ")]
    assert seen[0] == 100 and seen == sorted(seen, reverse=True) and seen[-1] < 50


def test_the_figures_of_the_other_statements() -> None:
    computed = {name: claim.computed for name, claim in CLAIMS.items()}
    assert computed["rule.alpha_alone"] == "0.0"
    assert computed["rule.reach"] == "13.8"
    assert "112.9" in CLAIMS["rule.reach"].note
    assert float(computed["rule.fastest"]) < figures(B).clear_1 / 5
    assert computed["messages"] == "5.39 and 4.47"
    assert computed["stages.freewheel"] == "0"
    assert all(float(volts) > 40 for volts in computed["stages.in_time"].split(" and "))
    assert computed["equation_4.factor"] == "4"


def test_the_highest_fault_with_a_freewheel_stage() -> None:
    for line in (SET_B, SET_U):
        highest = highest_with_freewheel(line)
        assert solve(line, Fault(highest, 0.33)).events
        assert not solve(line, Fault(highest + 0.01, 0.33)).events


# --- nBits ----------------------------------------------------------------------------


def test_the_first_block_is_bitcoin_s() -> None:
    digest = double_sha256(GENESIS)[::-1].hex()
    assert digest == "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
    bits, number = bits_and_hash(GENESIS)
    assert (bits, number) == (0x1D00FFFF, int(digest, 16))
    assert what_bits_encode(GENESIS) == "the target"


def test_bits_that_did_encode_the_hash_would_be_noticed() -> None:
    """No header holds its own hash; one whose hash has the bits as compact form is made up."""
    header = bitcoin_header(1, "00" * 32, "00" * 32, 0, 0x1D00FFFF, 0)
    assert what_bits_encode(header) == "the target"
    wrong = header[:72] + (0x01800000).to_bytes(4, "little") + header[76:]
    assert what_bits_encode(wrong) == "", "no compact form is negative"


@pytest.mark.parametrize(
    ("bits", "number"),
    [
        # from the tests of Bitcoin Core's arith_uint256
        (0x01120000, 0x12),
        (0x02123400, 0x1234),
        (0x03123456, 0x123456),
        (0x04123456, 0x12345600),
        (0x05009234, 0x92340000),
        (0x20123456, 0x123456 << 232),
        (0x1D00FFFF, 0xFFFF << 208),
    ],
)
def test_the_compact_form_is_bitcoin_s(bits: int, number: int) -> None:
    assert expanded(bits) == number
    assert compact(number) == bits


def test_fitted_is_what_refuses() -> None:
    claim = CLAIMS["peak.1_ohm.B"]
    with pytest.raises(ValueError, match="does not agree"):
        fitted(replace(claim, computed="25.51"))
