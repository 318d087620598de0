"""Open interest of AAPL around its split: the sample's later sessions, which have no quotes to join."""

import datetime as dt

import numpy as np
import pyarrow.compute as pc
import pytest

from resources.providers.lean.option_rows import OptionRows, read_option_rows
from tests.resources.providers.lean.real_samples import AAPL_DATA

pytestmark = pytest.mark.real_data


@pytest.fixture
def open_interest(provider):
    """By day, the rows of open interest as the adapter types them."""
    found = provider("AAPL", "daily", AAPL_DATA)
    (spec,) = found.universe.underlyings

    def read(day: dt.date) -> OptionRows:
        (part,) = (p for p in found.fetch(day) if p.kind == "open_interest")
        opens, closes = found.calendar.open_us(day), found.calendar.close_us(day)
        return read_option_rows(
            part, "openinterest", spec, day, found.settings, opens_us=opens, closes_us=closes
        )

    return {day: read(day) for day in found.available_days() if day.year == 2014}


def test_every_session_has_the_rows_and_the_sum_of_the_facts(open_interest, facts):
    fact = facts["lean_aapl_7for1_2014"]
    rows = {f"{day:%Y%m%d}": len(found.strikes) for day, found in open_interest.items()}
    sums = {
        f"{day:%Y%m%d}": pc.sum(found.rows.column("open_interest")).as_py()
        for day, found in open_interest.items()
    }
    assert rows == fact["oi_rows_by_date"]
    assert sums == fact["oi_sum_by_date"]
    assert {found.rows.rejected == [] for found in open_interest.values()} == {True}


def test_open_interest_is_seven_times_as_much_where_it_is_found_under_the_new_strikes(open_interest, facts):
    fact = facts["lean_aapl_7for1_2014"]["oi_ratio_0610_over_0606_on_matched_contracts"]

    def keyed(day: dt.date, ratio: float) -> dict[tuple, int]:
        found = open_interest[day]
        strikes = np.round(found.strikes / ratio, 2).tolist()
        amounts = found.rows.column("open_interest").to_pylist()
        return dict(
            zip(
                zip(found.expiry_days.tolist(), found.rights.to_pylist(), strikes, strict=True),
                amounts,
                strict=True,
            )
        )

    before, after = keyed(dt.date(2014, 6, 6), 7.0), keyed(dt.date(2014, 6, 10), 1.0)
    common = before.keys() & after.keys()
    sums = [sum(side[key] for key in common) for side in (before, after)]
    assert (len(common), *sums) == (fact["matched"], fact["sum_0606"], fact["sum_0610"])
    assert sums[1] / sums[0] == pytest.approx(fact["ratio"], abs=1e-6)
