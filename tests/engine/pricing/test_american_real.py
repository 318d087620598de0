"""SPY's American options as CBOE published them, against the vendor's own volatilities."""

import numpy as np
import pandas as pd
import pytest

from engine.pricing.chain_columns import ChainInputs, ChainOutputs
from engine.pricing.enrich import enrich_chain
from tests.engine.pricing.test_real_chains import day_numbers, known

pytestmark = pytest.mark.real_data
DAY, SPOT, RATE = "2026-07-22", 747.41, 0.0375


@pytest.fixture(scope="module")
def rows(real_data) -> pd.DataFrame:
    return pd.read_csv(real_data / "g03_cboe_eod_2026_07" / "chains" / "SPY" / f"{DAY}.csv.gz")


def enriched(rows: pd.DataFrame, *, american: bool, spot: float = SPOT) -> ChainOutputs:
    n = len(rows)
    days = day_numbers(rows["expiry"])
    return enrich_chain(
        ChainInputs(
            root_code=np.zeros(n, dtype=np.int64),
            expiry_days=days,
            right=(rows["right"] == "P").to_numpy().astype(np.int8),
            strike=rows["strike"].to_numpy(dtype=float),
            bid=known(rows["bid"]),
            ask=known(rows["ask"]),
            spot=np.full(n, spot),
            vendor_forward=np.full(n, np.nan),
            settles_us=days.astype(np.int64) * 86_400_000_000 + 20 * 3_600_000_000,
            ts_us=pd.Timestamp(f"{DAY}T20:15Z").value // 1000,
            coin_settled=False,
            american=np.full(n, american),
            dividend_ex_us=np.array([], dtype=np.int64),
            dividend_amount=np.array([]),
            curve_tenor_days=np.array([1.0, 3650.0]),
            curve_rate=np.array([RATE, RATE]),
        )
    )


def differences(rows: pd.DataFrame, out: ChainOutputs) -> pd.Series:
    vendor = known(rows["iv"])
    compared = (
        rows["delta"].abs().between(0.1, 0.9)
        & (out.year_fraction > 0.04)
        & np.isfinite(out.iv)
        & np.isfinite(vendor)
    )
    return pd.Series(out.iv - vendor)[compared].abs()


def test_the_tree_comes_twice_as_close_to_the_vendor_as_the_european_model(rows):
    tree = differences(rows, enriched(rows, american=True))
    european = differences(rows, enriched(rows, american=False))
    assert len(tree) > 4_000
    assert tree.median() < 0.001
    assert tree.median() < 0.5 * european.median()
    assert tree.quantile(0.9) < 0.5 * european.quantile(0.9)


def test_the_spot_that_comes_with_the_chain_does_not_matter(rows):
    """The close of 16:00 stands beside quotes of 16:15; the price of an hour later changes nothing."""
    of_the_close = enriched(rows, american=True)
    of_later = enriched(rows, american=True, spot=745.6)
    told = np.isfinite(of_the_close.iv)
    assert np.max(np.abs(of_the_close.iv - of_later.iv)[told]) < 1e-4
    np.testing.assert_allclose(of_the_close.forward, of_later.forward, rtol=1e-6)


def test_what_has_no_volatility_costs_no_more_than_what_is_certain(rows):
    out = enriched(rows, american=True)
    sign = np.where(rows["right"] == "P", -1.0, 1.0)
    at_expiry = out.discount * sign * (out.forward - rows["strike"])
    none = (out.iv_status == "below_intrinsic") & (out.year_fraction > 0.04)
    mid = ((rows["bid"] + rows["ask"]) / 2).to_numpy()
    # the spot of the quotes is some 749.1
    certain = np.maximum(at_expiry, sign * (749.1 - rows["strike"]))
    assert np.all((mid - certain)[none] < 0.1)
    told = (out.iv_status == "ok") & np.isfinite(out.early_exercise_premium)
    assert told.mean() > 0.8
    assert np.all(out.early_exercise_premium[told] >= 0.0)
