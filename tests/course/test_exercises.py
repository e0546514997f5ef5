"""Every exercise knows its own solution and tells wrong answers apart."""

import pytest

from energychain.course.exercises import check, exercises, hint, solution
from energychain.studies import token_day

EXERCISES = exercises()


def answered(source: str) -> object:
    names: dict[str, object] = {}
    exec(source, names)
    return names["answer"]


@pytest.mark.parametrize("name", EXERCISES)
def test_our_solution_is_right(name: str) -> None:
    assert check(name, answered(solution(name))).verdict == "right"


@pytest.mark.parametrize("name", EXERCISES)
def test_every_slip_is_wrong_and_has_advice_of_its_own(name: str) -> None:
    found = [check(name, answered(slip)) for slip in EXERCISES[name].slips]
    assert len(found) >= 2
    assert all(feedback.verdict == "wrong" for feedback in found)
    assert len({feedback.message for feedback in found}) == len(found)
    assert "try a hint" not in {feedback.message for feedback in found}


@pytest.mark.parametrize("name", EXERCISES)
def test_feedback_never_gives_the_answer_away(name: str) -> None:
    answer = str(answered(solution(name)))
    for slip in (*EXERCISES[name].slips, "answer = 1e6", "answer = 'text'"):
        assert answer not in check(name, answered(slip)).message


@pytest.mark.parametrize("name", EXERCISES)
def test_not_attempted_is_no_error(name: str) -> None:
    assert repr(check(name)) == "not attempted yet"


def test_a_number_close_by_is_nearly_right() -> None:
    assert check("05.limit", 91.0).verdict == "nearly"


def test_a_function_that_fails_is_told_how() -> None:
    assert "ZeroDivisionError" in check("05.due", lambda energy: 1 // 0).message


def test_a_function_that_returns_floats_is_told_so() -> None:
    assert "whole numbers" in check("05.due", lambda energy: energy / 150).message


def test_hints_have_levels() -> None:
    assert hint("05.due", 2) != hint("05.due", 1)
    assert "ask for level" in hint("05.due", 9)


def test_the_limit_of_node_2_is_where_it_is_first_refused() -> None:
    def refused(mwh_per_token: int) -> set[str]:
        terms = token_day.DayTerms(mwh_per_token=mwh_per_token)
        return {buyer.node for buyer in token_day.rehearse(terms=terms).refused}

    limit = answered(solution("05.limit"))
    assert isinstance(limit, float)
    assert refused(round(limit * 1000)) == set()
    assert refused(round(limit * 1000) - 100) == {"node 2"}


def test_an_unknown_exercise_is_named() -> None:
    with pytest.raises(KeyError, match="99"):
        check("99")
