"""A session across a split: what is known explains it, what is not on record or not in the data blocks."""

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pytest

from engine.corporate_actions.events import ActionKind, CorporateAction
from resources.data_quality.profile import profile_snapshots
from resources.data_quality.row_rules import apply_row_rules
from resources.data_quality.structure_checks import SENTENCES
from resources.data_quality.suite import run_suite
from resources.universe import QualitySpec
from tests.resources.data_quality.planting import put, times

TUE, WED = dt.date(2026, 7, 21), dt.date(2026, 7, 22)
LENIENT = QualitySpec(require_trade_in_session=False, max_quarantined_fraction=1.0, min_rows=1)


@pytest.fixture
def failing(nyse):
    """The checks of measures that Wednesday's session fails, with their results."""

    def run(quotes, **options):
        profiles = profile_snapshots(
            trade_date=WED,
            underlying="SPY",
            spec=LENIENT,
            calendar=nyse,
            timezone="America/New_York",
            quotes=quotes,
            verdict=apply_row_rules(quotes, WED, LENIENT),
            **options,
        )
        found = run_suite(profiles, LENIENT).results
        return {r.check: r for r in found if r.check in SENTENCES and not r.passed}

    return run


class TestSplitDay:
    SPLIT = CorporateAction("SPY", WED, ActionKind.SPLIT, 4.0, 1.0, 0.0, "USD", 0)

    @staticmethod
    def before(chain):
        """The session before, on the old basis: four times today's prices and strikes."""
        return put(
            chain(TUE), strike=times(4.0), spot=times(4.0), bid=times(4.0), ask=times(4.0), last=times(4.0)
        )

    def test_a_split_that_is_known_explains_spot_and_strikes(self, failing, chain):
        quotes = chain(level=1.02)
        assert failing(quotes, previous=self.before(chain), actions=[self.SPLIT]) == {}
        found = failing(quotes, previous=self.before(chain))
        assert set(found) >= {"spot_jump", "vanished_contracts", "recorded_splits"}
        assert found["recorded_splits"].severity == "critical"
        told = found["recorded_splits"].message
        assert "the data show a split of 4 for 1 (price before / now 4, of" in told
        assert "on record by then is none; record the split of SPY effective 2026-07-22" in told

    def test_a_split_on_record_that_the_data_do_not_show_blocks(self, failing, chain):
        told = failing(chain(level=1.02), previous=chain(TUE), actions=[self.SPLIT])[
            "recorded_splits"
        ].message
        assert "the data show no split (price before / now 1, of" in told
        assert "on record by then is split of 4 for 1 effective 2026-07-22; take it out" in told

    def test_a_split_on_record_with_another_ratio_blocks(self, failing, chain):
        wrong = replace(self.SPLIT, new_shares=5.0)
        found = failing(chain(level=1.02), previous=self.before(chain), actions=[wrong])
        assert "a split of 4 for 1" in found["recorded_splits"].message
        assert "split of 5 for 1" in found["recorded_splits"].message

    def test_a_split_of_another_name_or_day_explains_nothing(self, failing, chain):
        for other in (
            replace(self.SPLIT, underlying="MOD"),
            replace(self.SPLIT, effective_date=dt.date(2026, 7, 27)),
        ):
            assert "spot_jump" in failing(chain(level=1.02), previous=self.before(chain), actions=[other])

    def test_an_event_that_became_known_after_the_close_is_not_on_record_for_that_close(self, failing, chain):
        after = int(dt.datetime(2026, 7, 22, 20, 16, tzinfo=dt.UTC).timestamp() * 1e6)
        late = replace(self.SPLIT, known_at_us=after)
        assert "recorded_splits" in failing(chain(level=1.02), previous=self.before(chain), actions=[late])
        assert "recorded_splits" not in failing(chain(level=1.02), previous=chain(TUE), actions=[late])

    def test_old_strikes_beside_new_ones_are_a_double_listing(self, failing, chain):
        old = put(
            self.before(chain),
            trade_date=WED,
            ts=dt.datetime(2026, 7, 22, 20, 15, tzinfo=dt.UTC),
            known_at=dt.datetime(2026, 7, 22, 20, 15, tzinfo=dt.UTC),
            spot=102.0,
        )
        both = pa.concat_tables([chain(level=1.02), old]).unify_dictionaries()
        found = failing(both, previous=self.before(chain), actions=[self.SPLIT])
        assert found["split_double_listing"].observed == 1.0
