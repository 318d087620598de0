"""Lean's samples through the layers: a chain across its 7-for-1 split, and an index with sessions missing."""

import collections
import datetime as dt
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.real_data.conftest import example_universe, ingest

pytestmark = pytest.mark.real_data

STOCK, INDEX = "lean_aapl_2014", "lean_spx_2021"
FRIDAY, MONDAY = "2014-06-06", "2014-06-09"


@pytest.fixture(scope="module")
def ingested(real_data, tmp_path_factory):
    """No study trades the samples, so the shared lake does not hold them."""
    universes = [example_universe(name) for name in (STOCK, INDEX)]
    with ingest(real_data, tmp_path_factory.mktemp("lean"), universes) as result:
        yield result


def test_both_sessions_around_the_split_are_kept_with_the_rows_of_the_facts(ingested, facts) -> None:
    fact = facts["lean_aapl_7for1_2014"]
    for day in (FRIDAY, MONDAY):
        key = day.replace("-", "")
        for layer in ("validated_quotes", "adjusted_quotes", "option_chain"):
            status = ingested.status(STOCK, layer, day).underlyings["AAPL"]
            assert (status.status, status.rows) == ("ok", fact["quote_rows_by_date"][key])
        grades = collections.Counter(ingested.rows(STOCK, "option_chain", day, "AAPL")["grade"].to_pylist())
        assert grades["one_sided"] == fact["quote_no_bid_at_close"][key]
        assert grades["locked"] == fact["quote_locked_at_close"][key]


def test_open_interest_under_the_old_strikes_is_in_quarantine_with_its_lines(ingested, facts) -> None:
    found = ingested.rows(STOCK, "quarantined_quotes", MONDAY, "AAPL")
    assert found.num_rows == facts["lean_aapl_7for1_2014"]["oi_rows_by_date"]["20140609"]
    assert {tuple(reasons) for reasons in found["reasons"].to_pylist()} == {("open_interest_without_quote",)}
    assert all(raw.startswith("aapl_openinterest_american_") for raw in found["raw"].to_pylist())


def test_every_contract_keeps_its_identity_across_the_split_out_of_the_factor_file(ingested, facts) -> None:
    fact = facts["lean_aapl_7for1_2014"]
    columns = ["contract_id", "strike", "adjustment_factor"]
    friday, monday = (
        {row["contract_id"]: row for row in table.select(columns).to_pylist()}
        for table in (ingested.rows(STOCK, "adjusted_quotes", day, "AAPL") for day in (FRIDAY, MONDAY))
    )
    common = friday.keys() & monday.keys()
    assert len(common) == len(monday) == fact["of_these_found_on_0609_at_round_strike_div_7_2dp"]
    before = np.array([friday[i]["strike"] for i in sorted(common)])
    after = np.array([monday[i]["strike"] for i in sorted(common)])
    np.testing.assert_allclose(after, np.round(before / 7, 2), atol=0.0051)
    ratio = {monday[i]["adjustment_factor"] / friday[i]["adjustment_factor"] for i in common}
    assert ratio == {7.0}


def test_open_interest_under_the_old_strikes_is_moved_to_the_contracts_seven_times(
    ingested, facts, real_data
) -> None:
    fact = facts["lean_aapl_7for1_2014"]
    monday = ingested.rows(STOCK, "adjusted_quotes", MONDAY, "AAPL").to_pylist()
    assert len(monday) == fact["contracts_on_0609"]
    lines = {
        (row["expiry"], row["right"], row["strike"]): row["open_interest"]
        for row in ingested.rows(STOCK, "quarantined_quotes", MONDAY, "AAPL").to_pylist()
    }
    assert sum(lines.values()) == fact["oi_sum_by_date"]["20140609"]
    friday = {
        row["contract_id"]: row["strike"]
        for row in ingested.rows(STOCK, "adjusted_quotes", FRIDAY, "AAPL").to_pylist()
    }
    matched, moved = 0, {}
    for row in monday:
        old = friday[row["contract_id"]]
        under_old = lines.get((row["expiry"], row["right"], old))
        assert row["strike"] == round(old / 7, 2)
        assert row["open_interest"] == (None if under_old is None else 7 * under_old)
        assert (row["open_interest_listed"], row["open_interest_basis"]) == (None, "moved")
        matched += under_old is not None
        moved[row["expiry"], row["right"], row["strike"]] = row["open_interest"]
    # the other lines are of contracts that expired on the 6th
    expired = [key for key in lines if key[0].isoformat() == "2014-06-06"]
    assert matched + len(expired) == len(lines) == fact["oi_rows_by_date"]["20140609"]
    assert not ingested.rows(STOCK, "superseded_quotes", MONDAY, "AAPL").num_rows
    # a session later the vendor counts 96 contracts under the new strikes: much the same is open
    later = _open_interest_of(real_data, "20140610")
    assert (len(later), sum(later.values())) == (96, fact["oi_sum_by_date"]["20140610"])
    assert sum(moved[key] or 0 for key in later) == pytest.approx(sum(later.values()), rel=0.01)


def _open_interest_of(folder: Path, day: str) -> dict[tuple, float]:
    """The lines of one day by expiry, right and strike, from the archive's own names."""
    archive = folder / "g01_lean_aapl_split_2014/Data/option/usa/daily/aapl_2014_openinterest_american.zip"
    found = {}
    with zipfile.ZipFile(archive) as members:
        for name in members.namelist():
            right, strike, expiry = name.removesuffix(".csv").split("_")[-3:]
            for line in members.read(name).decode().splitlines():
                if line.startswith(day):
                    key = dt.date.fromisoformat(expiry), right[0].upper(), int(strike) / 10_000
                    found[key] = float(line.split(",")[1])
    return found


def test_sessions_without_a_file_are_absent_and_the_crossed_quote_is_quarantined(ingested) -> None:
    statuses = ingested.statuses(INDEX, "validated_quotes")
    found = {day: (s.underlyings["SPX"].status, s.underlyings["SPX"].rows) for day, s in statuses.items()}
    assert found.pop("2021-01-04") == ("ok", 6)
    assert found.pop("2021-01-14") == ("ok", 5)
    assert set(found.values()) == {("absent", 0)} and len(found) == 7
    (crossed,) = ingested.rows(INDEX, "quarantined_quotes", "2021-01-14", "SPX").to_pylist()
    assert (crossed["symbol"], crossed["reasons"]) == ("SPX210115P03200000", ["crossed"])
