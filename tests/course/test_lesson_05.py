"""The register that exercise 2 asks for is the one that node 2 signed."""

from energychain.course.exercises import check
from energychain.studies import token_day


def test_node_2_reports_the_register_that_the_exercise_asks_for() -> None:
    day = token_day.run()
    assert day.network and day.chain
    address = day.network.address("node 2")
    reports = {
        signed.transaction.arguments[0]: signed.transaction.arguments[2]
        for signed in day.chain.transactions()
        if signed.transaction.function == "report" and signed.sender == address
    }
    assert check("05.register", reports[10]).verdict == "right"
    assert "too few" in check("05.register", reports[9]).message
    assert "too many" in check("05.register", reports[11]).message
