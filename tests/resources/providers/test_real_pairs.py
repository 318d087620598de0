"""Counts behind the facts' forwards: pairs of call and put, and rows whose expiry has no future of its own."""

import csv
import datetime as dt
import gzip
import json
import os
from collections import Counter
from pathlib import Path

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


def parsed(data: Path, name: str, day: dt.date, symbol: str):
    spec = UniverseSpec.model_validate(yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text()))
    provider = make_provider(spec, spec.resolve(spec.provider.path, data=data, generated=Path("/none")))
    parts = [part for part in provider.fetch(day) if part.underlying in (None, symbol)]
    return provider.parse(day, parts).underlyings[symbol].quotes


@pytest.mark.parametrize(
    ("key", "name"),
    [("cboe_parity_and_iv", "cboe_2026_07"), ("ivolatility_spx_2011", "ivolatility_spx_2011")],
)
def test_strikes_near_spot_with_a_sound_call_and_put_are_as_many_as_the_facts_say(data, facts, key, name):
    for fact in facts[key]["values"]:
        table = parsed(data, name, dt.date.fromisoformat(fact["date"]), "SPX")
        low, high = 0.9 * fact["spot"], 1.1 * fact["spot"]
        sound = [
            row["strike"]
            for row in table.select(["root", "expiry", "strike", "bid", "ask"]).to_pylist()
            if row["root"] == fact.get("root", "SPX")
            and row["expiry"].isoformat() == fact["expiry"]
            and low <= row["strike"] <= high
            and row["bid"] is not None
            and row["ask"] is not None
            and row["ask"] >= row["bid"]
        ]
        both = [strike for strike, sides in Counter(sound).items() if sides == 2]
        assert len(both) == fact["pairs"], fact


def test_rows_on_a_synthetic_index_keep_its_forward(data, facts):
    fact = facts["optionsdx_btc_2021_06"]
    path = data / fact["file"]
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    rows = [
        {name.strip(" []"): value.strip() for name, value in row.items()} for row in csv.DictReader(lines)
    ]
    synthetic = [row for row in rows if row["UNDERLYING_INDEX"].startswith("SYN.")]
    assert (len(synthetic), len(rows)) == (fact["syn_index_rows"], fact["rows"])
    day = dt.date(2021, 6, 15)
    table = parsed(data, "btc_2021_06", day, "BTC")
    told = {
        row["INSTRUMENT_NAME"]: float(row["UNDERLYING_PRICE"])
        for row in synthetic
        if row["QUOTE_DATE"] == str(day)
    }
    found = dict(zip(table["symbol"].to_pylist(), table["vendor_forward"].to_pylist(), strict=True))
    assert told and {name: found[name] for name in told} == told
    assert pc.sum(pc.is_null(table["vendor_forward"])).as_py() == 0
