"""Files of days on which the exchange was closed, counted as they were received: the adapters refuse them as sessions.

Read here under a calendar that has every day, so that the counts of the facts are those of the adapters.
"""

import datetime as dt
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

from resources.providers.registry import make_provider
from resources.universe import UniverseSpec

pytestmark = pytest.mark.real_data
EXAMPLES = Path(__file__).parents[3] / "examples" / "universes"


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("OPTIX_REAL_DATA")
    if not folder:
        pytest.skip("OPTIX_REAL_DATA is not set; it names the folder of real market data")
    return Path(folder)


@pytest.fixture(scope="module")
def facts(data) -> dict:
    return json.loads((data / "facts.json").read_text())


def quotes_of(data: Path, name: str, day: dt.date) -> pa.Table:
    spec = UniverseSpec.model_validate(yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text()))
    folder = spec.resolve(spec.provider.path, data=data, generated=Path("/none"))
    symbol = spec.underlyings[0].symbol

    def parse(universe: UniverseSpec):
        provider = make_provider(universe, folder)
        return provider.parse(day, provider.fetch(day)).underlyings[symbol]

    assert "is no session of XNYS" in parse(spec).problem
    found = parse(spec.model_copy(update={"calendar": "24/7"}))
    assert (found.problem, found.rejected.num_rows) == (None, 0)
    return found.quotes


def test_the_holiday_of_the_risk_site_has_the_counts_of_the_facts(data, facts) -> None:
    day = dt.date(2026, 7, 3)
    table = quotes_of(data, "crwd_split_2026", day)
    fact = facts["crwd_4for1_2026"]["by_day"]["CRWD"][day.isoformat()]
    (spot,) = table["spot"].unique().to_pylist()
    assert fact == {
        "spot": spot,
        "legs": table.num_rows,
        "blank_legs": 0,
        "expired_before_date": pc.sum(pc.less(table["expiry"], pa.scalar(day))).as_py(),
        "strike_min": pc.min(table["strike"]).as_py(),
        "strike_max": pc.max(table["strike"]).as_py(),
        "oi": pc.sum(table["open_interest"]).as_py(),
        "volume": pc.sum(table["volume"]).as_py(),
        "price_zero": table["last"].null_count,
        "xnys_session": False,
    }


def test_thanksgiving_at_yahoo_has_the_counts_of_the_facts(data, facts) -> None:
    day = dt.date(2025, 11, 27)
    table = quotes_of(data, "yahoo_aapl_2025_11", day)
    fact = facts["yfinance_aapl_2025_11"]["by_file"][f"AAPL/{day}"]
    bid, ask = (pc.fill_null(table[c], 0.0) for c in ("bid", "ask"))
    (spot,) = table["spot"].unique().to_pylist()
    assert fact == {
        "rows": table.num_rows,
        "crossed": pc.sum(pc.greater(bid, ask)).as_py(),
        "bid_zero": table["bid"].null_count,
        "both_zero": pc.sum(pc.and_(pc.is_null(table["bid"]), pc.is_null(table["ask"]))).as_py(),
        "bid_nan": 0,
        "iv_below_0p001": table["vendor_iv"].null_count,
        "last_trade_max_utc": f"{pc.max(table['last_trade_ts']).as_py():%Y-%m-%d %H:%M:%S}",
        "spot": round(spot, 6),
        "xnys_session": False,
    }
