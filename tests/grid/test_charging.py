"""Charging sessions: what is read of a file, and what could be known of a car."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain import datasets
from energychain.grid.charging import HOUR, Car, Session, read_sessions
from energychain.primitives.refusals import BadInput

HEAD = "arrival,estimated_departure,departure,station,requested_kwh,delivered_kwh"
GOOD = "2019-06-01T08:00:00-07:00,2019-06-01T12:00:00-07:00,2019-06-01T11:00:00-07:00,7,10.5,9.25"
SILENT = "2019-06-01T07:00:00-07:00,,2019-06-01T09:00:00-07:00,8,,0.776"


def test_a_session_is_read_in_seconds_and_mwh_and_sessions_by_arrival() -> None:
    silent, told = read_sessions([HEAD, GOOD, SILENT])
    assert told == Session(
        arrival=1_559_401_200,
        departure=1_559_401_200 + 3 * HOUR,
        station="7",
        delivered=9_250_000,
        estimated_departure=1_559_401_200 + 4 * HOUR,
        requested=10_500_000,
    )
    assert (silent.estimated_departure, silent.requested) == (None, None)


def test_the_same_instant_in_two_offsets_is_one_time() -> None:
    utc = GOOD.replace("T08:00:00-07:00", "T15:00:00+00:00")
    assert read_sessions([HEAD, utc]) == read_sessions([HEAD, GOOD])


BAD = {
    "no offset": (GOOD.replace("T08:00:00-07:00", "T08:00:00"), "arrival: expected a time such"),
    "no time": (GOOD.replace("2019-06-01T11", "soon"), "departure: expected a time such"),
    "leaves before it comes": (GOOD.replace("T11:", "T06:"), "departure: .* is not after"),
    "is expected to leave before it comes": (
        GOOD.replace("T12:", "T08:"),
        "estimated_departure: .* is not after the arrival",
    ),
    "half a wish": (GOOD.replace("10.5", ""), "requested_kwh: expected a number"),
    "half a plan": (
        GOOD.replace("2019-06-01T12:00:00-07:00", ""),
        "estimated_departure: expected a time",
    ),
    "negative": (GOOD.replace("9.25", "-9.25"), "delivered_kwh: expected 0 or more, found -9.25"),
    "text": (GOOD.replace("9.25", "much"), "delivered_kwh: expected a number"),
    "no station": (GOOD.replace(",7,", ",,"), "station: the station has no name"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_session_is_refused_with_line_and_column(kind: str) -> None:
    row, sentence = BAD[kind]
    with pytest.raises(BadInput, match=rf"^s\.csv, line 3, column {sentence}"):
        read_sessions([HEAD, SILENT, row], "s.csv")


def test_a_missing_column_is_refused() -> None:
    with pytest.raises(BadInput, match="the column is missing"):
        read_sessions([HEAD.replace(",station", "")])


@given(
    st.integers(0, 10**8),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(1, 10**7),
)
def test_urgency_is_the_share_of_the_time_left_that_must_be_charged(
    remaining: int, leaves: int, now: int, power: int
) -> None:
    car = Car("1", remaining, leaves)
    urgency = car.urgency(now, power, 1_800, scale=1_000)
    left = max(leaves - now, 1_800)
    exact = 1_000 * remaining * 3_600 / (power * left)
    assert 0 <= urgency <= 1_000
    assert urgency == 1_000 or abs(urgency - exact) < 1.001
    assert (urgency == 1_000) == (remaining * 3_600 >= power * left)


def test_a_driver_who_is_late_is_as_urgent_as_can_be_if_it_wants_a_whole_half_hour() -> None:
    assert Car("1", 5_000_000, 0).urgency(10**6, 10_000_000, 1_800, 100) == 100
    assert Car("1", 2_500_000, 0).urgency(10**6, 10_000_000, 1_800, 100) == 50


# --- the month that is packed ---------------------------------------------------------

MONTH = read_sessions(datasets.lines("acn_month", "sessions.csv"), "sessions.csv")


def test_the_month_is_complete() -> None:
    assert len(MONTH) == 883
    assert {each.station for each in MONTH} == {str(number) for number in range(1, 48)}


def test_what_nobody_said_is_empty_so_that_nobody_can_know_the_future() -> None:
    silent = [each for each in MONTH if each.requested is None]
    assert len(silent) == 143
    told = [each for each in MONTH if each.requested is not None]
    assert all(each.estimated_departure != each.departure for each in told), (
        "upstream fills gaps with the real departure; none of that may be left"
    )


def test_no_two_cars_stand_at_one_charger() -> None:
    last: dict[str, int] = {}
    for each in MONTH:
        assert last.get(each.station, 0) <= each.arrival
        last[each.station] = each.departure


def test_the_month_is_small_and_holds_no_ids() -> None:
    path = datasets.folder() / "acn_month" / "sessions.csv"
    assert path.stat().st_size < 10**6
    assert "session" not in path.read_text().splitlines()[0]
