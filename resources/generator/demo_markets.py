"""The three demo markets: an index, a stock that splits, a coin. Every number is ours; none is fitted to data.

The seeds were picked from some hundreds for paths that show something: a drawdown, a burst of volatility, jumps.
What a study earns on such a path says nothing about the study.
"""

import datetime as dt

from engine.instruments.terms import ExerciseStyle, RootTerms, SettlementTime, SettlementType
from engine.simulation.activity import ActivityParameters
from engine.simulation.expiries import ExpiryCycle
from engine.simulation.listing import StrikeTier
from engine.simulation.path import PathParameters
from engine.simulation.spreads import SpreadParameters
from resources.generator.defects import DefectKind, PlantedDefect
from resources.generator.specs import (
    CashDividend,
    ExpirySchedule,
    MarketSpec,
    ShareSplit,
    SmileDynamics,
    VendorLayout,
)

NEW_YORK = "America/New_York"


def _defects(**days: DefectKind) -> tuple[PlantedDefect, ...]:
    planted = (PlantedDefect(dt.date.fromisoformat(k[1:].replace("_", "-")), v) for k, v in days.items())
    return tuple(sorted(planted, key=lambda d: d.day))


def _index_terms(root: str, settlement: SettlementTime) -> RootTerms:
    return RootTerms(
        root=root,
        underlying="OPX",
        style=ExerciseStyle.EUROPEAN,
        settlement_time=settlement,
        settlement_type=SettlementType.CASH,
        multiplier=100.0,
        quote_currency="USD",
        settlement_currency="USD",
        timezone=NEW_YORK,
        trading_close="16:15",
    )


_INDEX_MONTHLY = (
    StrikeTier(0.025, below=0.35, above=0.20, opens_days_before=400),
    StrikeTier(0.0125, below=0.20, above=0.12, opens_days_before=190),
    StrikeTier(0.00625, below=0.11, above=0.07, opens_days_before=90),
)

DEMO_INDEX = MarketSpec(
    name="demo_index",
    symbol="OPX",
    layout=VendorLayout.CBOE,
    calendar="XNYS",
    timezone=NEW_YORK,
    roots=(_index_terms("OPX", SettlementTime.AM), _index_terms("OPXW", SettlementTime.PM)),
    default_start=dt.date(2024, 1, 2),
    seed=4137,
    path=PathParameters(
        start_price=3400.0,
        drift_per_year=0.07,
        volatility_per_year=0.145,
        news=0.03,
        leverage=0.12,
        persistence=0.975,
        jumps_per_year=3.0,
        jump_mean=-0.014,
        jump_sd=0.018,
        overnight_variance_share=0.3,
        sessions_per_year=252,
    ),
    smile=SmileDynamics(
        rho=-0.66, rho_sd=0.03, eta=1.05, eta_sd=0.04, gamma=0.42, premium=0.25, premium_sd=0.10
    ),
    schedule=ExpirySchedule(daily=0, weekly=56, monthly=110, quarterly=366, weeklies_on_third_friday=True),
    tiers={
        ExpiryCycle.WEEKLY: (
            StrikeTier(0.0125, below=0.22, above=0.12, opens_days_before=60),
            StrikeTier(0.00625, below=0.10, above=0.06, opens_days_before=60),
            StrikeTier(0.0025, below=0.03, above=0.025, opens_days_before=20),
        ),
        ExpiryCycle.MONTHLY: _INDEX_MONTHLY,
        ExpiryCycle.QUARTERLY: _INDEX_MONTHLY,
    },
    spreads=SpreadParameters(
        vol_points=0.22,
        wing_slope=0.10,
        short_time_factor=1.0,
        short_time_days=7.0,
        deep_fraction=0.0012,
        small_tick=0.05,
        large_tick=0.10,
        large_tick_from=3.0,
    ),
    activity=ActivityParameters(
        open_interest=6000.0, volume=450.0, strike_width=0.12, quote_size=24.0, contract_unit=1.0
    ),
    dividend_yield=0.014,
    has_rates=True,
    dividends=(),
    split=None,
    defects=_defects(
        d2023_05_17=DefectKind.MISSING_DAY,
        d2024_02_14=DefectKind.CROSSED_QUOTES,
        d2024_05_08=DefectKind.ONE_SIDED_QUOTES,
        d2024_07_10=DefectKind.CROSSED_QUOTES,
        d2024_08_21=DefectKind.DUPLICATE_ROWS,
        d2024_10_09=DefectKind.TRUNCATED_FILE,
        d2025_01_22=DefectKind.CROSSED_QUOTES,
        d2025_03_12=DefectKind.MISSING_DAY,
        d2025_04_09=DefectKind.ONE_SIDED_QUOTES,
        d2025_06_11=DefectKind.REPEATED_DAY,
        d2025_08_13=DefectKind.DUPLICATE_ROWS,
        d2025_09_10=DefectKind.CROSSED_QUOTES,
        d2025_10_08=DefectKind.ONE_SIDED_QUOTES,
    ),
)

_STOCK_SPLIT = ShareSplit(dt.date(2025, 9, 15), 4, 1, announced=dt.date(2025, 8, 14))


def _stock_dividends() -> tuple[CashDividend, ...]:
    """Quarterly, raised each spring; paid until beyond the end, since forwards look ahead."""
    paid = []
    for year in range(2022, 2028):
        for month, day in ((2, 8), (5, 9), (8, 8), (11, 7)):
            ex_date = dt.date(year, month, day)
            # an ex-date on a weekend would never come; move it to the Monday
            ex_date += dt.timedelta(days={5: 2, 6: 1}.get(ex_date.weekday(), 0))
            whole = 0.68 + 0.04 * (year - 2022 + (month >= 5))
            amount = whole / 4 if ex_date >= _STOCK_SPLIT.effective_date else whole
            paid.append(CashDividend(ex_date, round(amount, 2), ex_date - dt.timedelta(days=24)))
    return tuple(paid)


_STOCK_MONTHLY = (
    StrikeTier(0.05, below=0.42, above=0.45, opens_days_before=400),
    StrikeTier(0.025, below=0.22, above=0.22, opens_days_before=290),
    StrikeTier(0.0125, below=0.09, above=0.09, opens_days_before=75),
)

DEMO_STOCK = MarketSpec(
    name="demo_stock",
    symbol="ACME",
    layout=VendorLayout.CBOE,
    calendar="XNYS",
    timezone=NEW_YORK,
    roots=(
        RootTerms(
            root="ACME",
            underlying="ACME",
            style=ExerciseStyle.AMERICAN,
            settlement_time=SettlementTime.PM,
            settlement_type=SettlementType.PHYSICAL,
            multiplier=100.0,
            quote_currency="USD",
            settlement_currency="USD",
            timezone=NEW_YORK,
            trading_close="16:00",
        ),
    ),
    default_start=dt.date(2025, 7, 1),
    early_exercise=True,
    seed=4361,
    path=PathParameters(
        start_price=404.0,
        drift_per_year=0.10,
        volatility_per_year=0.27,
        news=0.05,
        leverage=0.05,
        persistence=0.96,
        jumps_per_year=4.0,
        jump_mean=-0.005,
        jump_sd=0.045,
        overnight_variance_share=0.35,
        sessions_per_year=252,
    ),
    smile=SmileDynamics(
        rho=-0.40, rho_sd=0.03, eta=1.10, eta_sd=0.05, gamma=0.42, premium=0.18, premium_sd=0.08
    ),
    schedule=ExpirySchedule(daily=0, weekly=29, monthly=75, quarterly=280, weeklies_on_third_friday=False),
    tiers={
        ExpiryCycle.WEEKLY: (
            StrikeTier(0.0125, below=0.15, above=0.15, opens_days_before=40),
            StrikeTier(0.00625, below=0.05, above=0.05, opens_days_before=25),
        ),
        ExpiryCycle.MONTHLY: _STOCK_MONTHLY,
        ExpiryCycle.QUARTERLY: _STOCK_MONTHLY,
    },
    spreads=SpreadParameters(
        vol_points=0.35,
        wing_slope=0.10,
        short_time_factor=1.2,
        short_time_days=7.0,
        deep_fraction=0.003,
        small_tick=0.01,
        large_tick=0.05,
        large_tick_from=3.0,
    ),
    activity=ActivityParameters(
        open_interest=2500.0, volume=220.0, strike_width=0.16, quote_size=18.0, contract_unit=1.0
    ),
    dividend_yield=0.0,
    has_rates=True,
    dividends=_stock_dividends(),
    split=_STOCK_SPLIT,
    defects=_defects(
        d2025_07_16=DefectKind.CROSSED_QUOTES,
        d2025_08_20=DefectKind.REPEATED_DAY,
        d2025_09_24=DefectKind.ONE_SIDED_QUOTES,
        d2025_10_22=DefectKind.MISSING_DAY,
        d2025_11_05=DefectKind.DUPLICATE_ROWS,
        d2025_11_19=DefectKind.TRUNCATED_FILE,
        d2025_12_10=DefectKind.CROSSED_QUOTES,
    ),
)

_COIN_LONG = (
    StrikeTier(0.10, below=0.45, above=0.70, opens_days_before=400),
    StrikeTier(0.04, below=0.20, above=0.24, opens_days_before=200),
)

DEMO_COIN = MarketSpec(
    name="demo_coin",
    symbol="OXC",
    layout=VendorLayout.DERIBIT,
    calendar="24/7",
    timezone="UTC",
    roots=(
        RootTerms(
            root="OXC",
            underlying="OXC",
            style=ExerciseStyle.EUROPEAN,
            settlement_time=SettlementTime.UTC08,
            settlement_type=SettlementType.CASH,
            multiplier=1.0,
            quote_currency="OXC",
            settlement_currency="OXC",
            timezone="UTC",
            trading_close="23:59",
            coin_settled=True,
        ),
    ),
    default_start=dt.date(2025, 7, 1),
    seed=4429,
    path=PathParameters(
        start_price=55000.0,
        drift_per_year=0.15,
        volatility_per_year=0.42,
        news=0.08,
        leverage=0.02,
        persistence=0.965,
        jumps_per_year=8.0,
        jump_mean=-0.004,
        jump_sd=0.035,
        overnight_variance_share=0.0,
        sessions_per_year=365,
    ),
    smile=SmileDynamics(
        rho=-0.12, rho_sd=0.06, eta=1.15, eta_sd=0.06, gamma=0.40, premium=0.18, premium_sd=0.08
    ),
    schedule=ExpirySchedule(daily=4, weekly=29, monthly=95, quarterly=366, weeklies_on_third_friday=True),
    tiers={
        ExpiryCycle.DAILY: (StrikeTier(0.01, below=0.08, above=0.08, opens_days_before=5),),
        ExpiryCycle.WEEKLY: (
            StrikeTier(0.04, below=0.24, above=0.28, opens_days_before=31),
            StrikeTier(0.02, below=0.09, above=0.09, opens_days_before=14),
        ),
        ExpiryCycle.MONTHLY: _COIN_LONG,
        ExpiryCycle.QUARTERLY: _COIN_LONG,
    },
    spreads=SpreadParameters(
        vol_points=0.9,
        wing_slope=0.15,
        short_time_factor=1.0,
        short_time_days=3.0,
        deep_fraction=0.008,
        small_tick=0.0001,
        large_tick=0.0005,
        large_tick_from=0.005,
    ),
    activity=ActivityParameters(
        open_interest=350.0, volume=40.0, strike_width=0.25, quote_size=60.0, contract_unit=0.1
    ),
    dividend_yield=-0.05,
    has_rates=False,
    dividends=(),
    split=None,
    defects=_defects(
        d2025_07_22=DefectKind.CROSSED_QUOTES,
        d2025_08_12=DefectKind.MISSING_DAY,
        d2025_09_03=DefectKind.ONE_SIDED_QUOTES,
        d2025_10_14=DefectKind.REPEATED_DAY,
        d2025_11_11=DefectKind.CROSSED_QUOTES,
        d2025_12_02=DefectKind.DUPLICATE_ROWS,
    ),
)

DEMO_MARKETS = (DEMO_INDEX, DEMO_STOCK, DEMO_COIN)
