"""Days are counted, and a bar is their median."""

import pytest
from looks import assert_told, compiles, texts, title

from energychain.charts import as_table
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
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


@every_picture
def test_it_compiles_with_old_and_new_vega_lite(draw):
    assert compiles(draw())


@every_picture
def test_it_has_title_words_and_a_table(draw):
    assert_told(draw())
    assert len(as_table(draw()))


@pytest.mark.parametrize("draw", [charts.through_the_year, charts.many_days])
def test_no_rows_no_chart(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


def test_days_on_which_the_price_goes_the_other_way_are_counted():
    assert title(charts.through_the_year(YEAR))[0].startswith("On 1 of 2 days")
    assert title(charts.through_the_year(YEAR[:1]))[0] == "Price follows demand on every day"


def test_the_bar_is_the_median_of_the_days():
    assert {"1.70", "8.00"} <= set(texts(charts.many_days(DAYS).to_dict()))
