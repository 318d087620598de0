"""Contracts keep their original terms over splits."""

import datetime as dt
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import days_of_date
from engine.corporate_actions.contract_adjustment import (
    UnsupportedAdjustmentError,
    adjust_strike,
    original_terms,
)
from engine.corporate_actions.events import ActionKind, CorporateAction

GOLDEN = Path(__file__).parents[2] / "golden" / "contract_adjustment_cases.json"
CASES = json.loads(GOLDEN.read_text())["cases"]
WHOLE_SPLITS = [case for case in CASES if case["inputs"]["event"].endswith("-for-1 split")]


def split(day: str, new: float, old: float = 1.0, underlying: str = "AAPL") -> CorporateAction:
    return CorporateAction(underlying, dt.date.fromisoformat(day), ActionKind.SPLIT, new, old, 0.0, "USD", 0)


def dividend(day: str) -> CorporateAction:
    return CorporateAction(
        "AAPL", dt.date.fromisoformat(day), ActionKind.CASH_DIVIDEND, 1.0, 1.0, 0.47, "USD", 0
    )


def on(day: str) -> int:
    return days_of_date(dt.date.fromisoformat(day))


AAPL = [split("2014-06-09", 7), split("2020-08-31", 4)]


@pytest.mark.parametrize("case", WHOLE_SPLITS, ids=lambda case: case["id"])
def test_published_splits_divide_the_strike_and_multiply_the_contracts(case):
    ratio = float(case["inputs"]["event"].split("-")[0])
    strike, after = float(case["inputs"]["K"]), case["expected"]["K"]
    assert adjust_strike(strike, ratio) == pytest.approx(after, abs=max(case["tolerance"], 1e-9))
    event = split(case["inputs"].get("ex_date", "2020-08-31"), ratio)
    walked = original_terms([after], days_of_date(event.effective_date), [event])
    assert walked.original_strike.tolist() == [strike]
    assert walked.adjustment_factor.tolist() == [case["expected"]["contracts"]]


def test_before_any_split_every_strike_is_its_own_origin():
    walked = original_terms([645.0, 92.14], on("2014-06-06"), AAPL)
    assert walked.original_strike.tolist() == [645.0, 92.14]
    assert walked.era.tolist() == ["", ""]
    assert walked.adjustment_factor.tolist() == [1.0, 1.0]
    assert walked.adjusted_strike.tolist() == [645.0, 92.14]


def test_a_split_takes_force_on_its_effective_date_and_not_a_day_earlier():
    before, after = (original_terms([92.14], on(d), AAPL) for d in ("2014-06-08", "2014-06-09"))
    assert (before.original_strike[0], before.adjustment_factor[0]) == (92.14, 1.0)
    assert (after.original_strike[0], after.adjustment_factor[0]) == (645.0, 7.0)
    assert after.adjusted_strike[0] == 92.14


def test_a_strike_that_no_old_contract_can_have_belongs_to_the_time_after_the_split():
    walked = original_terms([92.13, 92.14], on("2014-06-09"), AAPL)
    assert walked.era.tolist() == ["2014-06-09", ""]
    assert walked.original_strike.tolist() == [92.13, 645.0]
    assert walked.adjustment_factor.tolist() == [1.0, 7.0]


def test_a_strike_divided_twice_finds_its_origin_though_the_middle_is_off_the_grid():
    # 535 -> 133.75 -> 13.38: 133.75 is no multiple of a half
    events = [split("2021-07-20", 4, underlying="NVDA"), split("2024-06-10", 10, underlying="NVDA")]
    walked = original_terms([13.38], on("2024-06-10"), events)
    assert walked.original_strike.tolist() == [535.0]
    assert walked.era.tolist() == [""]
    assert walked.adjustment_factor.tolist() == [40.0]


def test_dividends_and_the_order_of_the_actions_change_nothing():
    strikes = np.arange(20.0, 200.0, 0.5)
    plain = original_terms(strikes, on("2021-01-04"), AAPL)
    mixed = original_terms(strikes, on("2021-01-04"), [dividend("2014-08-07"), AAPL[1], AAPL[0]])
    assert np.array_equal(plain.original_strike, mixed.original_strike)
    assert plain.era.tolist() == mixed.era.tolist()


RATIO = st.integers(2, 20).map(float)
LISTED = st.integers(10, 4000).map(lambda halves: halves * 0.5)


@given(st.lists(LISTED, min_size=1, max_size=60, unique=True), RATIO)
def test_a_split_and_the_walk_back_are_inverse_where_no_two_strikes_fall_on_one_cent(strikes, ratio):
    before = np.array(strikes)
    walked = original_terms(adjust_strike(before, ratio), on("2020-01-02"), [split("2020-01-02", ratio)])
    assert walked.original_strike.tolist() == strikes
    assert set(walked.era.tolist()) == {""}


@given(
    st.lists(st.integers(1, 100_000), min_size=1, max_size=80, unique=True),
    st.lists(RATIO, max_size=3),
)
def test_two_listed_strikes_never_become_one_contract(cents, ratios):
    events = [split(f"20{20 + i}-01-02", ratio) for i, ratio in enumerate(ratios)]
    walked = original_terms(np.array(cents) / 100.0, on("2025-01-02"), events)
    identities = set(zip(walked.original_strike.tolist(), walked.era.tolist(), strict=True))
    assert len(identities) == len(cents)


@given(LISTED, st.lists(st.sampled_from([2.0, 3.0, 4.0, 5.0]), min_size=1, max_size=2), st.integers(0, 2))
def test_a_contract_keeps_its_identity_over_every_later_split(strike, ratios, listed_after):
    events = [split(f"20{20 + i}-01-02", ratio) for i, ratio in enumerate(ratios)]
    known = min(listed_after, len(events))
    seen = set()
    current = np.array([strike])
    for count in range(known, len(events) + 1):
        if count > known:
            current = adjust_strike(current, ratios[count - 1])
        walked = original_terms(current, on(f"20{19 + count}-06-01"), events)
        seen.add((walked.original_strike[0], walked.era[0]))
    assert len(seen) == 1


@given(st.lists(LISTED, min_size=2, max_size=30, unique=True))
def test_a_strikes_origin_does_not_depend_on_the_others(strikes):
    listed = adjust_strike(strikes, 7)
    together = original_terms(listed, on("2014-06-09"), AAPL).original_strike
    apart = [original_terms([k], on("2014-06-09"), AAPL).original_strike[0] for k in listed]
    assert together.tolist() == apart


@pytest.mark.parametrize(
    ("new", "old", "reason"),
    [
        (3, 2, "none is recorded"),
        (1, 8, "none is recorded"),
        (2.5, 1, "none is recorded"),
        (1, 1, "none is recorded"),
        (60, 1, "no longer tell"),
    ],
)
def test_other_splits_are_refused_by_name(new, old, reason):
    event = split("2020-04-29", new, old, "USO")
    name = f"USO {new:g}-for-{old:g} split of 2020-04-29"
    with pytest.raises(UnsupportedAdjustmentError, match=f"{name}: .*{reason}.*leave the underlying out"):
        original_terms([10.0], on("2020-04-29"), [event])
    original_terms([10.0], on("2020-04-28"), [event])  # not in force yet


def test_strikes_that_are_no_numbers_and_foreign_splits_are_refused():
    with pytest.raises(ValueError, match="not a positive number"):
        original_terms([100.0, np.nan], on("2021-01-04"), AAPL)
    with pytest.raises(ValueError, match="several underlyings: AAPL, TSLA"):
        original_terms([100.0], on("2021-01-04"), [AAPL[0], split("2020-08-31", 5, underlying="TSLA")])


@pytest.mark.real_data
def test_every_aapl_contract_of_june_2014_is_found_again_after_its_split(real_data):
    facts = json.loads((real_data / "facts.json").read_text())["lean_aapl_7for1_2014"]
    folder = real_data / "g01_lean_aapl_split_2014" / "Data" / "option" / "usa" / "daily"
    keys: dict[str, set] = {"20140606": set(), "20140609": set()}
    with zipfile.ZipFile(folder / "aapl_2014_quote_american.zip") as archive:
        for member in archive.namelist():
            _, _, _, right, scaled, expiry = member.removesuffix(".csv").split("_")
            dates = {line[:8] for line in archive.read(member).decode().splitlines()}
            for date in dates & keys.keys():
                keys[date].add((expiry, right, int(scaled) / 10_000))
    walked = {}
    for date, contracts in keys.items():
        ordered = sorted(contracts)
        terms = original_terms([k for _, _, k in ordered], on(f"{date[:4]}-{date[4:6]}-{date[6:]}"), AAPL)
        walked[date] = {
            (expiry, right, origin, era)
            for (expiry, right, _), origin, era in zip(ordered, terms.original_strike, terms.era, strict=True)
        }
    alive = {key for key in walked["20140606"] if key[0] > "20140607"}
    assert len(alive) == facts["contracts_alive_after_0606"]
    assert len(alive & walked["20140609"]) == facts["of_these_found_on_0609_at_round_strike_div_7_2dp"]
    assert len(walked["20140609"]) == facts["contracts_on_0609"]
