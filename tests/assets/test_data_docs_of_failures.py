"""Validation writes a page of Data Docs, and what fails names it."""

from assets.underlying_prices import universe_calendar
from assets.validation import validate_days
from resources.raw_store import RawStore
from resources.sources import SourcesResource
from tests.assets.test_bad_input import SESSIONS, good_rows, make_market, spoiled


def test_each_failure_names_the_page_of_data_docs_that_shows_it(tmp_path):
    market, day = make_market(tmp_path), SESSIONS[0]
    market.write("MOD", day, spoiled(bid="90.0", ask="80.0")(good_rows("MOD", day)))
    sources, results = SourcesResource(generated_folder=str(market.folder)), []
    sources.harvest(market.universe, RawStore(market.lake, market.universe.name, "raw_quotes"), [day])
    provider, calendar = sources.provider(market.universe), universe_calendar(market.universe, day)
    validate_days(
        market.universe,
        market.lake,
        provider,
        [day],
        calendar,
        results.extend,
        tmp_path / "data_docs" / "us_names",
    )
    crossed = next(r for r in results if r.check == "crossed" and not r.passed)
    assert crossed.details == {
        "named": ["MOD240419C00080000"],
        "data_docs": f"data_docs/us_names/{day}_{day}.html#crossed",
    }
    text = (tmp_path / crossed.details["data_docs"].split("#")[0]).read_text()
    assert 'id="crossed"' in text and "MOD240419C00080000" in text
    assert all("data_docs" not in r.details for r in results if r.passed)
