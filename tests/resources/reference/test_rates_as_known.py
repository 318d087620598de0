"""Interest rates as they were known."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.providers.protocol import ProviderError
from resources.raw_store import parts_digest
from resources.reference.publication import next_weekday_morning_us
from resources.reference.rates.par_curve import zero_rates_from_par
from resources.reference.registry import make_rates
from resources.schemas import RATES_SCHEMA

THURSDAY = dt.date(2026, 7, 23)


@pytest.fixture
def rates(stocks, tmp_path):
    return make_rates(stocks, tmp_path)


def _write(folder, **series: str) -> None:
    for name, lines in series.items():
        (folder / f"{name}.csv").write_text("date,value\n" + lines)


def test_only_what_was_known_in_the_morning_counts(rates, tmp_path):
    _write(tmp_path, DGS1="2026-07-21,4.00\n2026-07-22,4.10\n2026-07-23,9.99\n2026-07-24,9.99\n")
    parsed = rates.rates_as_of(THURSDAY)
    assert parsed.problem is None and parsed.table.schema.equals(RATES_SCHEMA)
    (row,) = parsed.table.to_pylist()
    assert (row["observation_date"], row["tenor_days"], row["series"]) == (dt.date(2026, 7, 22), 365, "DGS1")
    assert row["known_at"] == dt.datetime(2026, 7, 23, 12, tzinfo=dt.UTC)
    # one year, two coupons at the par rate: both half-year factors are (1 + y/2)^-n
    assert row["rate"] == pytest.approx(2 * math.log(1 + 0.041 / 2), abs=1e-12)


def test_over_a_weekend_the_observation_of_friday_is_known_on_monday(rates, tmp_path):
    _write(tmp_path, SOFR="2026-07-16,3.0\n2026-07-17,3.6\n")
    assert rates.rates_as_of(dt.date(2026, 7, 20)).table["observation_date"][0].as_py() == dt.date(
        2026, 7, 17
    )
    assert next_weekday_morning_us(dt.date(2026, 7, 17)) == next_weekday_morning_us(dt.date(2026, 7, 19))
    # winter: 08:00 New York is 13:00 UTC
    assert next_weekday_morning_us(dt.date(2026, 1, 5)) % 86_400_000_000 == 13 * 3_600_000_000


def test_the_overnight_rate_is_simple_on_actual_360(rates, tmp_path):
    _write(tmp_path, SOFR="2026-07-22,3.62\n", DFF="2026-07-22,3.63\n")
    (row,) = rates.rates_as_of(THURSDAY).table.to_pylist()
    assert (row["series"], row["tenor_days"]) == ("SOFR", 1)
    assert math.exp(row["rate"] / 365) == pytest.approx(1 + 0.0362 / 360, abs=1e-15)


def test_without_sofr_the_federal_funds_rate_stands_in_and_is_named(rates, tmp_path):
    _write(tmp_path, SOFR="2026-05-22,3.62\n", DFF="2026-07-22,3.63\n")
    assert rates.rates_as_of(THURSDAY).table["series"].to_pylist() == ["DFF"]


def test_missing_values_are_skipped_and_old_ones_too_old(rates, tmp_path):
    _write(tmp_path, DGS1="2026-07-20,4.0\n2026-07-21,.\n2026-07-22,\n", DGS2="2026-07-01,4.0\n")
    assert rates.rates_as_of(THURSDAY).table["series"].to_pylist() == ["DGS1"]
    stale = rates.rates_as_of(dt.date(2026, 8, 20))
    assert stale.table.num_rows == 0 and stale.table.schema.equals(RATES_SCHEMA)
    assert "raise rates.max_age_days (14)" in stale.problem


def test_a_grown_file_changes_nothing_for_earlier_days_and_a_revision_does(rates, tmp_path):
    _write(tmp_path, DGS1="2026-07-21,4.00\n2026-07-22,4.10\n")
    before = parts_digest(rates.fetch(THURSDAY))
    _write(tmp_path, DGS1="2026-07-21,4.00\n2026-07-22,4.10\n2026-07-23,5.0\n")
    assert parts_digest(rates.fetch(THURSDAY)) == before
    _write(tmp_path, DGS1="2026-07-21,4.01\n2026-07-22,4.10\n")
    assert parts_digest(rates.fetch(THURSDAY)) != before


def test_fetched_parts_are_parsed_without_the_folder(rates, tmp_path, stocks):
    _write(tmp_path, DGS1="2026-07-22,4.10\n")
    parts = rates.fetch(THURSDAY)
    elsewhere = make_rates(stocks, tmp_path / "gone")
    assert elsewhere.rates_as_of(THURSDAY, parts).table.equals(rates.rates_as_of(THURSDAY).table)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "DGS1.csv is empty"),
        ("when,much\n2026-07-22,4\n", "is not 'date,value'"),
        ("date,value\n2026-07-22,four\n", "1 row in quarantine: '2026-07-22,four' (untyped:value)"),
        ("date,value\n2026-07-22,4,5\n", "'2026-07-22,4,5' (untyped:row)"),
        ("date,value\n22/07/2026,4\n", "'22/07/2026,4' (untyped:date)"),
        ("date,value\n2026-07-22,400\n", "(out_of_range:value)"),
        ("date,value\n2026-07-22,nan\n", "(untyped:value)"),
        (
            "date,value\n2026-07-22,4\n2026-07-22,5\n",
            "2 rows in quarantine: '2026-07-22,4' (conflicting_rows)",
        ),
    ],
)
def test_a_bad_file_is_a_problem_and_the_others_go_on(rates, tmp_path, text, message):
    _write(tmp_path, SOFR="2026-07-22,3.62\n")
    (tmp_path / "DGS1.csv").write_text(text)
    parsed = rates.rates_as_of(THURSDAY)
    assert message in parsed.problem
    assert parsed.table["series"].to_pylist() == ["SOFR"]


def test_par_yields_without_discount_factors_are_a_problem_not_a_crash(rates, tmp_path):
    _write(tmp_path, SOFR="2026-07-22,3.62\n", DGS20="2026-07-22,4.0\n", DGS30="2026-07-22,20.0\n")
    parsed = rates.rates_as_of(THURSDAY)
    assert "have no discount factors" in parsed.problem
    assert parsed.table.num_rows == 0


def test_a_missing_or_empty_folder_is_named(rates, stocks, tmp_path):
    with pytest.raises(ProviderError, match="holds none of the series DGS1MO"):
        rates.fetch(THURSDAY)
    with pytest.raises(ProviderError, match=r"check rates\.path"):
        make_rates(stocks, tmp_path / "gone").fetch(THURSDAY)


TENORS = [1 / 12, 0.25, 0.5, 1, 2, 3, 5, 7, 10, 20, 30]


@given(st.floats(-0.005, 0.06), st.lists(st.floats(-0.003, 0.003), min_size=11, max_size=11))
def test_zero_rates_reprice_the_par_bonds_that_they_come_from(level, bumps):
    yields = [level + bump for bump in bumps]
    zero = zero_rates_from_par(TENORS, yields)
    # every half-year node by the same interpolated par curve, so that no factor is missing
    nodes = np.arange(1, 61) / 2
    full = zero_rates_from_par([*TENORS[:2], *nodes], [*yields[:2], *np.interp(nodes, TENORS, yields)])
    factors = np.exp(-full[2:] * nodes)
    for tenor, par in zip(TENORS, yields, strict=True):
        if tenor > 0.5:
            n = round(tenor * 2)
            assert par / 2 * factors[:n].sum() + factors[n - 1] == pytest.approx(1.0, abs=1e-10)
    assert zero[0] == pytest.approx(math.log(1 + yields[0] / 12) * 12)
    np.testing.assert_allclose(zero[3:], [full[2 + round(t * 2) - 1] for t in TENORS[3:]], atol=1e-12)


def test_taking_par_yields_for_zero_rates_is_told_apart():
    zero = zero_rates_from_par([0.5, 1, 10, 30], [0.02, 0.025, 0.04, 0.05])
    naive = 2 * np.log1p(np.array([0.02, 0.025, 0.04, 0.05]) / 2)
    assert zero[-1] - naive[-1] > 0.005
    flat = zero_rates_from_par([0.5, 1, 10, 30], [0.04] * 4)
    np.testing.assert_allclose(flat, 2 * math.log(1.02), atol=1e-12)


@pytest.mark.parametrize(
    "years, yields", [([1, 1], [0.1, 0.1]), ([0.0], [0.1]), ([0.7], [0.1]), ([30], [-3.0])]
)
def test_impossible_curves_are_refused(years, yields):
    with pytest.raises(ValueError):
        zero_rates_from_par(years, yields)
