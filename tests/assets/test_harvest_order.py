"""The order in which days are harvested changes nothing, and a run does not pass over days that are missing."""

import datetime as dt

import pytest

from assets.chain_history import load_inputs
from assets.day_status import MissingLayerError
from assets.universe_assets import DAILY_ASSETS

FIRST, LAST, REPEAT = dt.date(2025, 8, 11), dt.date(2025, 8, 22), dt.date(2025, 8, 20)
LAYERS = [a for a in DAILY_ASSETS if a not in ("raw_quotes", "rates")]


def layers(house) -> dict[tuple[str, str], dict]:
    days = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    return {
        (asset, f"{day}"): house.status(asset, f"{day}").to_json()
        for asset in LAYERS
        for day in days
        if day.weekday() < 5
    }


@pytest.fixture(scope="module")
def backwards(build_house):
    """The later days first, from the repeated one on; then the earlier ones."""
    house = build_house()
    house.runner().ingest(house.universe, REPEAT, LAST)
    house.runner().ingest(house.universe, FIRST, REPEAT - dt.timedelta(days=1))
    return house


def test_later_days_first_gives_every_layer_that_the_days_in_order_give(build_house, backwards) -> None:
    in_order = build_house()
    in_order.runner().ingest(in_order.universe, FIRST, LAST)
    assert layers(backwards) == layers(in_order)


def test_a_repeat_is_found_though_the_day_that_it_repeats_was_harvested_later(backwards) -> None:
    repeated = backwards.status("validated_quotes", f"{REPEAT}").underlyings["ACME"]
    assert repeated.status == "blocked"
    assert any("equal the session before" in reason for reason in repeated.reasons)


def test_a_study_over_days_that_were_never_harvested_says_which_and_how_to_get_them(backwards) -> None:
    study = backwards.catalog.study("stock_covered_call")
    loaded = load_inputs(study, backwards.universe, backwards.lake, FIRST, LAST)
    assert loaded.chain.snapshots == 9  # ten sessions, of which the repeat is blocked
    with pytest.raises(MissingLayerError, match=r"lacks 5 sessions.*--from 2025-08-04 --to 2025-08-08"):
        load_inputs(study, backwards.universe, backwards.lake, dt.date(2025, 8, 4), LAST)
