"""The surface of a generated stock: its rows against the chain, its checks, and what is left out."""

import datetime as dt

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets import engine_arrays as ea
from assets.surface_rows import CHAIN_COLUMNS, chain_surfaces, constant_maturity_iv, surface_rows
from assets.volatility_surface import NEAR_QUOTES, NO_BUTTERFLY, NO_CALENDAR, arbitrage_check, near_check
from engine.pricing.surface.svi import SviParameters, total_variance
from resources.schemas import SURFACE_SCHEMA

DAY, LAST = "2025-08-12", "2025-10-10"
BLOCKED = "2025-08-20"


def stored(house, asset: str, day: str = DAY) -> pa.Table:
    return pq.read_table(house.folder / f"demo_stock/{asset}/{day}/ACME.parquet")


@pytest.fixture(scope="module")
def chain(house) -> pa.Table:
    return stored(house, "option_chain")


@pytest.fixture(scope="module")
def surface(house) -> pa.Table:
    return stored(house, "volatility_surface")


def parameters(rows: pa.Table) -> SviParameters:
    return SviParameters.of(*(ea.floats(rows, f"svi_{name}") for name in SviParameters.names()))


def test_each_expiry_of_the_chain_has_a_row_by_time(chain, surface) -> None:
    expiries = sorted(set(chain["expiry"].to_pylist()))
    assert surface["expiry"].to_pylist() == expiries
    assert surface.schema.equals(SURFACE_SCHEMA)
    assert set(surface["known_at"].to_pylist()) == {max(chain["known_at"].to_pylist())}
    assert np.all(np.diff(ea.floats(surface, "year_fraction")) > 0)


def test_the_slices_pass_through_the_quotes_within_their_spread(chain, surface) -> None:
    of_expiry = {expiry: row for row, expiry in enumerate(surface["expiry"].to_pylist())}
    row = np.array([of_expiry[expiry] for expiry in chain["expiry"].to_pylist()])
    forward, years = ea.floats(surface, "forward")[row], ea.floats(surface, "year_fraction")[row]
    k = np.log(ea.floats(chain, "adjusted_strike") / forward)
    sigma = np.sqrt(total_variance(k, parameters(surface).at(row)) / years)
    near = np.abs(k) < 1.5 * ea.floats(surface, "atm_iv")[row] * np.sqrt(years)
    outside = np.where(ea.rights(chain) == 1, k < 0, k >= 0)
    usable = near & outside & (ea.texts(chain, "grade") == "firm")
    inside = (sigma >= ea.floats(chain, "iv_bid") - 0.002) & (sigma <= ea.floats(chain, "iv_ask") + 0.002)
    assert usable.sum() > 100
    assert np.mean(inside[usable]) > 0.97


def test_a_partition_tells_the_volatility_thirty_days_ahead(house, surface) -> None:
    told = house.materialization("volatility_surface", DAY).metadata["ACME_atm_iv_30d"].value
    years, atm = ea.floats(surface, "year_fraction"), ea.floats(surface, "atm_iv")
    after = int(np.searchsorted(years, 30 / 365))
    between = sorted(atm[after - 1 : after + 1])
    assert between[0] - 1e-3 < told < between[1] + 1e-3
    assert told == constant_maturity_iv(surface, 30)
    assert np.isnan(constant_maturity_iv(surface, 3650))
    assert np.isnan(constant_maturity_iv(surface.slice(0, 0), 30))


def test_all_checks_pass_on_the_generated_market(house) -> None:
    for name in (NO_BUTTERFLY, NO_CALENDAR, NEAR_QUOTES):
        (evaluation,) = house.evaluations("volatility_surface", name).values()
        assert evaluation.passed, evaluation.description
    (evaluation,) = house.evaluations("volatility_surface", NO_BUTTERFLY).values()
    assert evaluation.severity is dg.AssetCheckSeverity.ERROR
    assert evaluation.metadata["slices_that_fail"].value == 0
    assert 0 <= evaluation.metadata["least_worst_density"].value < 0.3
    assert "ACME 2025-" in evaluation.metadata["where"].value


def test_a_day_that_was_kept_out_has_no_rows_and_says_why(house) -> None:
    status = house.status("volatility_surface", BLOCKED).underlyings["ACME"]
    assert (status.status, status.rows) == ("blocked", 0)
    assert "2025-08-19" in status.reasons[0]
    chain = house.status("option_chain", DAY)
    of_chain = {chain.underlyings["ACME"].path: chain.underlyings["ACME"].digest}
    assert house.status("volatility_surface", DAY).inputs == {**chain.inputs, **of_chain}


def test_a_chain_without_arbitrage_in_its_strips_is_a_little_above_the_money(surface) -> None:
    """The strip of a skewed smile costs more than its at-the-money volatility (Demeterfi et al. 1999, eq. 42)."""
    strip, atm = ea.floats(surface, "strip_iv"), ea.floats(surface, "atm_iv")
    assert set(surface["strip_status"].to_pylist()) == {"ok"}
    assert np.all((strip > atm) & (strip < 1.35 * atm))


def with_values(surface: pa.Table, column: str, values: list[float | None]) -> pa.Table:
    place = surface.schema.get_field_index(column)
    return surface.set_column(place, surface.schema.field(column), pa.array(values, pa.float64()))


@pytest.mark.parametrize(
    ("name", "column"), [(NO_BUTTERFLY, "worst_density"), (NO_CALENDAR, "worst_crossing")]
)
def test_arbitrage_anywhere_fails_its_check_and_names_the_place(surface, name, column) -> None:
    day = dt.date.fromisoformat(DAY)
    values: list[float | None] = [0.1] * surface.num_rows
    values[0], values[3] = None, -1e-6
    bad = with_values(surface, column, values)
    result = arbitrage_check(name, column, {(day, "ACME"): surface, (day, "OTHER"): bad})
    assert not result.passed and result.severity is dg.AssetCheckSeverity.ERROR
    assert result.metadata["slices_that_fail"].value == 1
    assert result.metadata["where"].value == f"OTHER {DAY}, ACME {surface['expiry'][3].as_py()}"
    values[3] = -1e-12
    assert arbitrage_check(name, column, {(day, "ACME"): with_values(surface, column, values)}).passed
    nothing = arbitrage_check(name, column, {})
    assert nothing.passed and nothing.description == "no slice to judge in these partitions"


def test_slices_far_from_their_quotes_are_told(surface) -> None:
    day = dt.date.fromisoformat(DAY)
    far: list[float | None] = [0.05] * surface.num_rows
    result = near_check({(day, "ACME"): with_values(surface, "rms_error", far)})
    assert not result.passed and result.severity is dg.AssetCheckSeverity.WARN
    assert result.description == (
        f"0.0% of {surface.num_rows} slices are within 2 volatility points of their quotes, median 5.00"
    )
    assert near_check({}).passed


def test_contracts_that_deliver_something_else_are_left_out(chain) -> None:
    needed = chain.select(CHAIN_COLUMNS)
    place = needed.schema.get_field_index("deliverable")
    strike = ea.floats(needed, "adjusted_strike")
    moved = strike > np.median(strike)
    labels = np.where(moved, "12 ACME + USD 9.8", "100 ACME")
    adjusted = needed.set_column(place, "deliverable", pa.array(labels).dictionary_encode())
    (alone,) = chain_surfaces(needed.filter(pa.array(~moved)))
    (both,) = chain_surfaces(adjusted)
    assert both.rows.num_rows == int((~moved).sum())
    np.testing.assert_array_equal(both.surface.parameters.rows(), alone.surface.parameters.rows())
    assert chain_surfaces(needed.slice(0, 0)) == []


def test_stale_and_locked_quotes_do_not_enter(chain) -> None:
    needed = chain.select(CHAIN_COLUMNS)
    place = needed.schema.get_field_index("grade")
    grades = ea.texts(needed, "grade")
    spoiled = grades.copy()
    spoiled[::2] = "stale"
    (made,) = chain_surfaces(needed.set_column(place, "grade", pa.array(spoiled).dictionary_encode()))
    assert set(ea.texts(made.rows, "grade")[made.surface.quotes.row]) <= {"firm", "wide"}
    (whole,) = chain_surfaces(needed)
    assert made.surface.quotes.row.size < whole.surface.quotes.row.size


def test_two_snapshots_are_two_surfaces_in_order(chain) -> None:
    needed = chain.select(CHAIN_COLUMNS)
    later = needed
    for name, values in (
        ("snapshot_id", pa.array(np.ones(needed.num_rows, dtype=np.int32))),
        ("ts", pa.array(ea.microseconds(needed, "ts") + 60_000_000, pa.timestamp("us", tz="UTC"))),
    ):
        later = later.set_column(CHAIN_COLUMNS.index(name), needed.schema.field(name), values)
    first, second = chain_surfaces(pa.concat_tables([needed, later]))
    rows = [surface_rows(made, coin_settled=False) for made in (first, second)]
    assert [r["snapshot_id"].unique().to_pylist() for r in rows] == [[0], [1]]
    assert ea.floats(rows[1], "atm_iv") == pytest.approx(ea.floats(rows[0], "atm_iv"), abs=2e-4)


def test_coin_prices_give_the_same_strip_as_the_same_prices_in_dollars(chain) -> None:
    needed = chain.select(CHAIN_COLUMNS).set_column(
        CHAIN_COLUMNS.index("discount"), "discount", pa.array(np.ones(chain.num_rows))
    )
    in_coin = needed
    for name in ("bid", "ask"):
        values = ea.nullable(ea.floats(needed, name) / ea.floats(needed, "forward"))
        in_coin = in_coin.set_column(CHAIN_COLUMNS.index(name), name, values)
    (dollars,), (coins,) = chain_surfaces(needed), chain_surfaces(in_coin)
    expected = ea.floats(surface_rows(dollars, coin_settled=False), "strip_iv")
    assert ea.floats(surface_rows(coins, coin_settled=True), "strip_iv") == pytest.approx(expected, rel=1e-12)


def test_an_expiry_without_a_discount_has_no_strip_and_says_so(chain) -> None:
    needed = chain.select(CHAIN_COLUMNS)
    none = pa.nulls(chain.num_rows, pa.float64())
    (made,) = chain_surfaces(needed.set_column(CHAIN_COLUMNS.index("discount"), "discount", none))
    rows = surface_rows(made, coin_settled=False)
    assert set(rows["strip_status"].to_pylist()) == {"no_discount"}
    assert rows["strip_iv"].null_count == rows.num_rows
    assert rows["atm_iv"].null_count == 0


def test_two_contracts_of_one_strike_spoil_the_strip_of_their_expiry_alone(chain) -> None:
    needed = chain.select(CHAIN_COLUMNS)
    twice = pa.concat_tables([needed.slice(0, 1), needed])
    (made,) = chain_surfaces(twice)
    rows = surface_rows(made, coin_settled=False)
    expiry = needed["expiry"][0].as_py()
    told = dict(zip(rows["expiry"].to_pylist(), rows["strip_status"].to_pylist(), strict=True))
    assert told.pop(expiry) == "strike_twice"
    assert set(told.values()) == {"ok"}


def test_options_on_the_vix_have_no_calendar_condition(chain) -> None:
    needed = chain.select(CHAIN_COLUMNS)
    roots = pa.array(["VIX"] * needed.num_rows).dictionary_encode()
    (made,) = chain_surfaces(needed.set_column(CHAIN_COLUMNS.index("root"), "root", roots))
    rows = surface_rows(made, coin_settled=False)
    assert rows["worst_crossing"].null_count == rows.num_rows
    assert rows["worst_density"].null_count == 0
