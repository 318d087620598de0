"""Each check of prices against each other, and of a session against the one before: what it catches, what not."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from resources.data_quality.profile import profile_snapshots
from resources.data_quality.row_rules import apply_row_rules
from resources.data_quality.structure_checks import SENTENCES
from resources.data_quality.suite import run_suite
from resources.universe import QualitySpec
from tests.resources.data_quality.planting import named_check, put, rows_at, times

TUE, WED = dt.date(2026, 7, 21), dt.date(2026, 7, 22)
NEW_YORK = "America/New_York"
#: snapshots and days alike: the checks of this file and no others
OWN = set(SENTENCES)
LENIENT = QualitySpec(require_trade_in_session=False, max_quarantined_fraction=1.0, min_rows=1)


@pytest.fixture
def failing(nyse):
    """The checks of this file that a session fails, with their messages."""

    def run(quotes, spec=LENIENT, day=WED, calendar=nyse, **options):
        profiles = profile_snapshots(
            trade_date=day,
            underlying="SPY",
            spec=spec,
            calendar=calendar,
            timezone=NEW_YORK,
            quotes=quotes,
            verdict=apply_row_rules(quotes, day, spec),
            **options,
        )
        found = run_suite(profiles, spec).results
        return {r.check: r for r in found if r.check in OWN and not r.passed}

    return run


def test_a_chain_of_one_forward_and_one_smile_fails_nothing(failing, chain):
    assert failing(chain(), previous=chain(TUE, 1.02)) == {}


def near(quotes):
    """The first expiry in seven weeks instead of half a year."""
    day = dt.date(2026, 9, 11)
    settles = dt.datetime(2026, 9, 11, 20, tzinfo=dt.UTC)
    first = np.asarray(quotes["expiry"]) == np.asarray(quotes["expiry"]).min()
    return put(quotes, first, expiry=day, last_trade_date=day, settles_at=settles)


SNAPSHOT_CASES = {
    "quarantined_rows": [lambda q: put(q, rows_at(q, 100.0, "C", 2), bid=-1.0)],
    # prices x10000, in cents, and a vendor's percent
    "price_unit": [
        lambda q: put(q, bid=times(1e4), ask=times(1e4)),
        lambda q: put(q, bid=times(100), ask=times(100)),
    ],
    "vendor_iv_unit": [lambda q: put(q, vendor_iv=25.0)],
    "vendor_iv_unsolved": [lambda q: put(q, np.arange(100) % 3 == 0, vendor_iv=0.0)],
    "one_sided": [lambda q: put(q, np.arange(100) % 3 > 0, bid=None)],
    "locked": [lambda q: put(q, rows_at(q, 100.0, "C", 2), bid=12.0, ask=12.0)],
    "wide_quotes": [lambda q: put(q, ask=times(3.0))],
    "absurdly_wide": [lambda q: put(q, np.arange(100) % 20 == 0, ask=199.0)],
    "below_intrinsic": [lambda q: put(q, rows_at(q, 80.0, "C"), bid=14.0, ask=15.0)],
    "parity": [lambda q: put(q, rows_at(q, 100.0, "P"), bid=15.0, ask=15.1)],
    "butterfly": [
        lambda q: put(q, rows_at(q, 100.0, "C"), bid=18.0, ask=18.2),
        # a call that is bid above a lower strike's offer
        lambda q: put(q, rows_at(q, 120.0, "C"), bid=30.0, ask=30.5),
    ],
    "calendar_spread": [lambda q: put(q, rows_at(q, 120.0, None, 1), bid=times(1.6), ask=times(1.6))],
    "smile_outliers": [lambda q: put(q, rows_at(q, 110.0, "C"), bid=times(2.2), ask=times(2.2))],
    "spot_from_forwards": [
        lambda q: put(near(q), spot=times(1.06)),
        lambda q: put(near(q), spot=times(0.94)),
    ],
    "off_calendar_expiries": [lambda q: put(q, rows_at(q, 80.0, None, 1), expiry=dt.date(2026, 11, 26))],
}


@pytest.mark.parametrize(
    ("check", "plant"), [(c, p) for c, plants in SNAPSHOT_CASES.items() for p in plants], ids=named_check
)
def test_a_planted_defect_is_caught(check, plant, failing, chain):
    spec = LENIENT.model_copy(update={"wide_relative_spread": 0.5})
    found = failing(plant(chain()), spec)
    assert check in found
    assert found[check].message.startswith("SPY 2026-07-22: ")


#: what looks like a defect and is none
SOUND_CASES = {
    "quarantined_rows": lambda q: put(q, rows_at(q, 100.0, "C", 2), bid=None),
    "price_unit": lambda q: put(q, bid=times(0.98), ask=times(1.02)),
    "vendor_iv_unit": lambda q: put(q, vendor_iv=0.9),
    "vendor_iv_unsolved": lambda q: put(q, vendor_iv=None),  # a vendor that gives none has solved none
    "spot_from_forwards": lambda q: put(near(q), spot=times(1.02)),
    "one_sided": lambda q: put(q, np.arange(100) % 3 == 0, bid=None),
    "absurdly_wide": lambda q: put(q, np.arange(100) % 20 == 0, ask=lambda a: a + 40.0),
    "below_intrinsic": lambda q: put(q, rows_at(q, 80.0, "C"), bid=None, ask=times(1.5)),
    # a mid off parity inside a wide market accuses nobody
    "parity": lambda q: put(q, rows_at(q, 100.0, "P"), ask=times(2.0)),
    "butterfly": lambda q: put(q, rows_at(q, 100.0, "C", 3), ask=times(1.5)),
    "calendar_spread": lambda q: put(q, rows_at(q, 120.0, None, 1), ask=times(3.0)),
    "smile_outliers": lambda q: put(q, rows_at(q, 110.0, "C"), ask=times(2.2)),
    "off_calendar_expiries": lambda q: put(q, rows_at(q, 80.0, None, 1), expiry=dt.date(2026, 11, 27)),
}


@pytest.mark.parametrize(("check", "plant"), SOUND_CASES.items(), ids=named_check)
def test_what_only_looks_like_it_is_left_alone(check, plant, failing, chain):
    assert check not in failing(plant(chain()))


def test_the_contracts_are_named_in_message_and_details(failing, chain):
    quotes = put(chain(), rows_at(chain(), 110.0, "C"), bid=times(2.2), ask=times(2.2))
    found = failing(quotes)["smile_outliers"]
    assert found.details["named"] == [f"SPY{n}C110.0" for n in range(1, 6)]
    assert "SPY1C110.0, SPY2C110.0, SPY3C110.0, ..." in found.message


def test_a_check_that_is_off_is_not_judged(failing, chain):
    quotes = put(chain(), rows_at(chain(), 110.0, "C"), bid=times(2.2), ask=times(2.2))
    off = QualitySpec.model_validate({"checks": {"smile_outliers": {"severity": "off"}}})
    assert "smile_outliers" in failing(quotes) and "smile_outliers" not in failing(quotes, off)


class TestListedGrid:
    @staticmethod
    def ladder(quote, table, strikes):
        return table([quote(strike=float(k), symbol=f"SPY{k}", right=r) for k in strikes for r in "CP"])

    def test_a_strike_off_the_steps_of_its_root_is_named(self, failing, quote, table):
        quotes = self.ladder(quote, table, [*range(80, 130, 2), 97.37])
        assert failing(quotes)["off_grid_strikes"].details["named"] == ["SPY97.37", "SPY97.37"]

    def test_strikes_that_a_split_left_behind_are_the_grid(self, failing, quote, table):
        quotes = self.ladder(quote, table, [round(k / 7, 2) for k in range(500, 700, 5)])
        assert "off_grid_strikes" not in failing(quotes)

    def test_finer_steps_near_the_money_are_the_grid_too(self, failing, quote, table):
        quotes = self.ladder(quote, table, [*range(50, 95, 5), *np.arange(95, 105, 0.5), *range(105, 150, 5)])
        assert "off_grid_strikes" not in failing(quotes)

    def test_saturday_expiries_were_listed_until_2015(self, failing, quote, table):
        from engine.calendars import TradingCalendar

        nyse = TradingCalendar.for_code("XNYS", dt.date(2014, 1, 2), dt.date(2014, 12, 31))
        day, saturday = dt.date(2014, 7, 22), dt.date(2014, 8, 16)
        rows = [quote(day, strike=90.0 + n, expiry=saturday, last_trade_date=saturday) for n in range(5)]
        assert "off_calendar_expiries" not in failing(table(rows), day=day, calendar=nyse)
        late = [quote(WED, strike=90.0 + n, expiry=dt.date(2026, 8, 22)) for n in range(5)]
        assert failing(table(late))["off_calendar_expiries"].details["named"] == ["2026-08-22"]


class TestAgainstTheSessionBefore:
    def test_an_expiry_that_vanishes_with_open_interest_is_named(self, failing, chain):
        quotes = chain(level=1.02)
        gone = quotes.filter(pc.invert(pc.equal(pc.month(quotes.column("expiry")), 3)))
        found = failing(gone, previous=chain(TUE))
        assert found["vanished_expiries"].details["named"] == ["2027-03-19"]
        assert found["vanished_contracts"].observed == pytest.approx(0.2)

    def test_what_has_no_open_interest_or_has_expired_may_go(self, failing, chain):
        quotes, before = chain(level=1.02), chain(TUE)
        fewer = quotes.filter(pc.invert(pc.equal(pc.month(quotes.column("expiry")), 3)))
        march = np.asarray(pc.month(before.column("expiry"))) == 3
        assert "vanished_expiries" not in failing(fewer, previous=put(before, march, open_interest=0.0))
        ended = put(before, march, last_trade_date=TUE)
        assert "vanished_expiries" not in failing(fewer, previous=ended)
        settled = put(before, march, settles_at=dt.datetime(2026, 7, 22, 8, tzinfo=dt.UTC))
        assert "vanished_expiries" not in failing(fewer, previous=settled)

    def test_strikes_that_vanish_are_counted(self, failing, chain):
        quotes = chain(level=1.02)
        fewer = quotes.filter(pc.greater(quotes.column("strike"), 80.0))
        assert failing(fewer, previous=chain(TUE))["vanished_contracts"].observed == pytest.approx(0.1)

    def test_a_file_refreshed_in_part_is_told(self, failing, chain):
        half = pa.concat_tables([chain(TUE).slice(0, 60), chain(WED, 1.3).slice(60)]).unify_dictionaries()
        fresh = put(half, trade_date=WED, ts=dt.datetime(2026, 7, 22, 20, 15, tzinfo=dt.UTC))
        fresh = put(fresh, known_at=dt.datetime(2026, 7, 22, 20, 15, tzinfo=dt.UTC))
        assert failing(fresh, previous=chain(TUE))["unchanged_quotes"].observed == pytest.approx(0.6)
        assert "unchanged_quotes" not in failing(chain(level=1.3), previous=chain(TUE))

    def test_contracts_whose_volatility_leaves_the_others_are_named(self, failing, chain):
        quotes = chain(level=1.1)
        moved = put(quotes, rows_at(quotes, 110.0, "C"), bid=times(2.2), ask=times(2.2))
        found = failing(moved, previous=chain(TUE))
        assert found["volatility_jumps"].details["named"][0] == "SPY1C110.0"
        # a day on which all volatilities double is news, not a defect
        assert "volatility_jumps" not in failing(chain(level=2.0), previous=chain(TUE))

    def test_a_jump_of_spot_without_one_of_the_strikes_is_no_split(self, failing, chain):
        found = failing(put(chain(level=1.02), spot=25.0), previous=put(chain(TUE), spot=100.0))
        assert found["spot_jump"].observed == pytest.approx(np.log(4))
        assert "a move that is no split (price before / now 4, of" in found["spot_jump"].message
        assert "recorded_splits" not in found
        # the options' own forwards say that the spot is right: then it is news, or the one before was wrong
        before = put(near(chain(TUE)), spot=408.0)
        assert "spot_jump" not in failing(near(chain(level=1.02)), previous=before)
        assert "spot_jump" in failing(put(near(chain(level=1.02)), spot=25.0), previous=before)
        assert "spot_jump" not in failing(chain(level=1.02), previous=put(chain(TUE), spot=115.0))


class TestSessionInTime:
    def test_a_file_dated_a_day_late_is_known_by_the_contracts_that_ended_before_it(
        self, failing, quote, table
    ):
        ended = [
            quote(strike=90.0 + n, expiry=TUE, last_trade_date=TUE, last_trade_ts=None) for n in range(6)
        ]
        others = [quote(strike=90.0 + n, last_trade_ts=None) for n in range(60)]
        found = failing(table([*ended, *others]))
        assert found["shifted_session"].observed == 6.0 and "2026-07-21" in found["shifted_session"].message
        # a trade of the day, or the payload's own time, says that the vendor only keeps ended contracts listed
        today = [quote(strike=90.0 + n) for n in range(60)]
        assert "shifted_session" not in failing(table([*ended, *today]))
        payload = int(dt.datetime(2026, 7, 22, 20, 30, tzinfo=dt.UTC).timestamp() * 1e6)
        assert "shifted_session" not in failing(table([*ended, *others]), payload_ts_us=payload)

    @staticmethod
    def day_of(chain, minutes):
        opened = dt.datetime(2026, 7, 22, 13, 30, tzinfo=dt.UTC)
        tables = []
        for n, minute in enumerate(minutes):
            ts = opened + dt.timedelta(minutes=minute)
            tables.append(chain(WED, 1.0 + n / 50, snapshot_id=n, ts=ts, known_at=ts, spot=102.0 + n / 100))
        return pa.concat_tables(tables).unify_dictionaries()

    def test_a_snapshot_missing_from_a_regular_day_is_counted(self, failing, chain):
        every_half_hour = [30 * n for n in range(14)]
        assert "missing_snapshots" not in failing(self.day_of(chain, every_half_hour))
        holed = [m for m in every_half_hour if m not in (120, 150, 300)]
        assert failing(self.day_of(chain, holed))["missing_snapshots"].observed == 3.0
        # at no interval in particular nothing is missing
        assert "missing_snapshots" not in failing(self.day_of(chain, [0, 50, 95, 190, 200, 330, 390]))

    def test_a_declared_interval_reaches_from_open_to_close(self, failing, chain):
        declared = LENIENT.model_copy(update={"snapshot_minutes": 30.0})
        assert "missing_snapshots" not in failing(self.day_of(chain, [30 * n for n in range(14)]), declared)
        late = failing(self.day_of(chain, [30 * n for n in range(4, 14)]), declared)
        assert late["missing_snapshots"].observed == 3.0

    def test_a_half_day_is_short_for_good_reason(self, chain, nyse):
        def ratio(day, before):
            quotes = chain(day, 1.1).slice(0, 40)
            profile = profile_snapshots(
                trade_date=day, underlying="SPY", spec=LENIENT, calendar=nyse, timezone=NEW_YORK, quotes=quotes,
                verdict=apply_row_rules(quotes, day, LENIENT), previous=chain(before),
            )  # fmt: skip
            results = run_suite(profile, LENIENT).results
            return {r.check: r.passed for r in results}.get("row_ratio")

        assert ratio(dt.date(2026, 11, 27), dt.date(2026, 11, 25)) is None
        assert ratio(dt.date(2026, 11, 25), dt.date(2026, 11, 24)) is False


def test_every_measure_has_a_test_that_catches_it():
    elsewhere = {
        *(
            "off_grid_strikes",
            "vanished_expiries",
            "vanished_contracts",
            "unchanged_quotes",
            "volatility_jumps",
        ),
        *("spot_jump", "recorded_splits", "split_double_listing", "shifted_session", "missing_snapshots"),
    }
    assert set(SNAPSHOT_CASES) | elsewhere == OWN
