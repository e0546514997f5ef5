"""Days are counted, and a bar is their median."""

import pytest
from looks import every, texts, title

from energychain.charts import many_days as charts

YEAR = [{"day": "2016-01-12", "correlation": 0.6}, {"day": "2016-07-26", "correlation": -0.4}]
DAYS = [
    {"participation": share, "par": par}
    for share, found in ((0.0, (1.5, 1.7, 2.0)), (1.0, (7.0, 8.0, 9.5)))
    for par in found
]

PICTURES = {
    "through the year": lambda: charts.through_the_year(YEAR),
    "many days": lambda: charts.many_days(DAYS),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


@pytest.mark.parametrize("draw", [charts.through_the_year, charts.many_days])
def test_no_rows_no_chart(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


def test_days_on_which_the_price_goes_the_other_way_are_counted():
    assert title(charts.through_the_year(YEAR))[0].startswith("On 1 of 2 days")
    assert title(charts.through_the_year(YEAR[:1]))[0] == "Price follows demand on every day"


def test_the_bar_is_the_median_of_the_days():
    assert {"1.70", "8.00"} <= set(texts(charts.many_days(DAYS).to_dict()))
