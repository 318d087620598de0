"""A real index chain with its volatilities."""

import pandas as pd
import pytest

from engine.pricing.enrich import enrich_chain
from tests.engine.pricing.test_real_chains import SPX_SPOT, spx_day, spx_inputs


def read_spx(folder, day: str) -> pd.DataFrame:
    """Quotes of one day with forward, discount, year fraction and volatilities; ``code`` tells root and expiry."""
    rows = spx_day(folder, day)
    chain = spx_inputs(rows, day)
    out = enrich_chain(chain)
    return pd.DataFrame(
        {
            "root": rows["root"],
            "expiry": rows["expiry"],
            "code": chain.root_code * 1_000_000 + chain.expiry_days,
            "right": chain.right,
            "strike": chain.strike,
            "bid": rows["bid"],
            "ask": rows["ask"],
            "settles_us": chain.settles_us,
            "ts_us": chain.ts_us,
            "forward": out.forward,
            "discount": out.discount,
            "year_fraction": out.year_fraction,
            "iv": out.iv,
            "iv_bid": out.iv_bid,
            "iv_ask": out.iv_ask,
        }
    )


@pytest.fixture(scope="session")
def spx_days(real_data) -> dict[str, pd.DataFrame]:
    return {day: read_spx(real_data, day) for day in SPX_SPOT}
