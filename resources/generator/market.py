"""A whole generated market: everything that is fixed before the first day, and its days one after another."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.calendars import (
    TradingCalendar,
    date_of_days,
    days_of_date,
    settlement_instants_us,
    trading_close_us,
    wall_time_us,
)
from engine.instruments.terms import SettlementTime
from engine.simulation.activity import mature_open_interest, popularity
from engine.simulation.bridge import FloatArray, bridge_points
from engine.simulation.carry import Carry
from engine.simulation.chain import DayState, SimulatedChain, TradeMemory, simulate_chain
from engine.simulation.expiries import ListedExpiry, coin_expiries, exchange_expiries
from engine.simulation.listing import ContractTable, IntArray, SplitEvent, build_contracts
from engine.simulation.path import SimulatedPath, bounded_autoregression, simulate_path
from engine.simulation.smile import SsviParameters
from resources.generator.rate_curve import RateCurve, simulate_rate_curve
from resources.generator.specs import MarketSpec, VendorLayout

#: seeds of the rates are one for all markets: there is one treasury
RATES_SEED = 4000
COIN_SNAPSHOT = dt.time(16, 0)
#: the delivery price of a coin averages the half hour before 08:00 UTC; these are its points, as shares of
#: the 24 hours since the snapshot at 16:00
DELIVERY_FRACTIONS = np.arange(15.5, 16.01, 1.0 / 12.0) / 24.0
# streams of random numbers under a market's seed; one each, so that none shifts another
_PATH, _SMILE, _POPULARITY, _DAY, _DELIVERY, _SNAPSHOT = range(6)


@dataclass(frozen=True, slots=True)
class MarketDay:
    """One session of a market as it truly was, before anything is spoiled."""

    session: int
    date: dt.date
    state: DayState
    chain: SimulatedChain


@dataclass(frozen=True, slots=True)
class Market:
    """A market's path, smile, listings and rates over all its sessions.

    ``share_basis[i]`` turns a price of the path (on the first share basis) into one of session ``i``.
    ``delivery_price`` is NaN where the market has none.
    """

    spec: MarketSpec
    calendar: TradingCalendar
    sessions: list[dt.date]
    path: SimulatedPath
    share_basis: FloatArray
    smiles: list[SsviParameters]
    premium: FloatArray
    rates: RateCurve | None
    contracts: ContractTable
    settles_us: IntArray
    liked: FloatArray
    mature: FloatArray
    delivery_price: FloatArray

    def days(self) -> Iterator[MarketDay]:
        """Every session in order, from the first simulated one."""
        memory = TradeMemory.empty(len(self.contracts.strike))
        for i, date in enumerate(self.sessions):
            split = self.contracts.split
            if split is not None and i == split.session:
                memory.rescale(np.where(self.contracts.first_session < i, 1.0 / split.ratio, 1.0))
            state = self.day_state(i)
            rng = np.random.default_rng([self.spec.seed, _DAY, days_of_date(date)])
            chain = simulate_chain(
                state,
                self.contracts,
                self.settles_us,
                self.liked,
                self.mature,
                self.spec.spreads,
                self.spec.activity,
                memory,
                rng,
            )
            yield MarketDay(i, date, state, chain)

    def spot(self, session: int) -> float:
        """Close of a session, to the cent, on the share basis of that day."""
        return round(float(self.path.close[session] * self.share_basis[session]), 2)

    def day_state(self, session: int) -> DayState:
        """What one session starts from."""
        spec, date = self.spec, self.sessions[session]
        if spec.layout is VendorLayout.DERIBIT:
            late = np.random.default_rng([spec.seed, _SNAPSHOT, days_of_date(date)]).integers(0, 180)
            ts_us = wall_time_us(date, COIN_SNAPSHOT, "UTC") + int(late) * 1_000_000
            open_us, close_us = ts_us - 86_400_000_000, ts_us
        else:
            ts_us = trading_close_us(spec.roots[0], date, self.calendar)
            shift = wall_time_us(date, dt.time(12), "UTC") - wall_time_us(date, dt.time(12), spec.timezone)
            open_us, close_us = self.calendar.open_us(date) + shift, ts_us + shift
        return DayState(
            session=session,
            ts_us=ts_us,
            open_wall_us=open_us,
            close_wall_us=close_us,
            spot=self.spot(session),
            carry=self._carry(session),
            smile=self.smiles[session],
            variance_per_year=float(self.path.variance_per_year[session]),
            long_run_variance_per_year=spec.path.long_run_variance_per_year,
            mean_reversion_per_year=spec.path.mean_reversion_per_year,
            premium=float(self.premium[session]),
            coin_priced=spec.roots[0].coin_settled,
            early_exercise=spec.early_exercise,
        )

    def _carry(self, session: int) -> Carry:
        date = self.sessions[session]
        coming = [d for d in self.spec.dividends if d.ex_date > date]
        # dividends after a split are stated per new share; a forward of today's share needs them per old one
        cash = [d.amount / self._basis_on(d.ex_date) * self.share_basis[session] for d in coming]
        return Carry(
            tenor_years=np.array([1.0]) if self.rates is None else self.rates.tenor_years,
            zero_rate=np.array([0.0]) if self.rates is None else self.rates.zero_rates(session),
            dividend_yield=self.spec.dividend_yield,
            ex_years=np.array([(d.ex_date - date).days / 365.0 for d in coming]),
            cash_dividend=np.array(cash),
        )

    def _basis_on(self, day: dt.date) -> float:
        split = self.spec.split
        if split is None or day < split.effective_date:
            return 1.0
        return split.old_shares / split.new_shares


def build_market(spec: MarketSpec) -> Market:
    """Simulate what is fixed before the days: path, smile parameters, listings."""
    horizon = spec.end + dt.timedelta(days=spec.schedule.quarterly + 10)
    calendar = TradingCalendar.for_code(spec.calendar, spec.simulated_from, horizon)
    known = calendar.sessions()
    sessions = known[: bisect_right(known, spec.end)]
    count = len(sessions)

    split, basis = _split(spec, sessions)
    at = {d: i for i, d in enumerate(sessions)}
    cash = np.zeros(count)
    for dividend in spec.dividends:
        if dividend.ex_date in at:
            i = at[dividend.ex_date]
            cash[i] = dividend.amount / basis[i]
    rng = np.random.default_rng([spec.seed, _PATH])
    extra = np.zeros(count)
    for day, size in spec.jumps:
        extra[at[day]] += size
    path = simulate_path(spec.path, count, rng, cash_dividends=cash, extra_jumps=extra)
    smiles, premium = _smiles(spec, count)
    contracts = build_contracts(
        listed_expiries(spec, known),
        spec.tiers,
        [r.root for r in spec.roots],
        sessions,
        path.close * basis,
        split,
    )
    liked = popularity(len(contracts.strike), np.random.default_rng([spec.seed, _POPULARITY]))
    listing_spot = (path.close * basis)[contracts.first_session]
    return Market(
        spec=spec,
        calendar=calendar,
        sessions=sessions,
        path=path,
        share_basis=basis,
        smiles=smiles,
        premium=premium,
        rates=simulate_rate_curve(count, RATES_SEED) if spec.has_rates else None,
        contracts=contracts,
        settles_us=_settlements(spec, contracts, calendar),
        liked=liked,
        mature=mature_open_interest(contracts, listing_spot, liked, spec.activity),
        delivery_price=_delivery_prices(spec, path),
    )


def _split(spec: MarketSpec, sessions: list[dt.date]) -> tuple[SplitEvent | None, FloatArray]:
    basis = np.ones(len(sessions))
    if spec.split is None:
        return None, basis
    at = sessions.index(spec.split.effective_date)
    basis[at:] = spec.split.old_shares / spec.split.new_shares
    return SplitEvent(at, spec.split.new_shares / spec.split.old_shares), basis


def _smiles(spec: MarketSpec, count: int) -> tuple[list[SsviParameters], FloatArray]:
    rng = np.random.default_rng([spec.seed, _SMILE])

    def wander(mean: float, sd: float) -> FloatArray:
        # within two standard deviations, which keeps every day inside the no-arbitrage region
        return bounded_autoregression(count, mean, 0.95, sd, mean - 2 * sd, mean + 2 * sd, rng)

    s = spec.smile
    rho, eta, premium = wander(s.rho, s.rho_sd), wander(s.eta, s.eta_sd), wander(s.premium, s.premium_sd)
    return [SsviParameters(float(r), float(e), s.gamma) for r, e in zip(rho, eta, strict=True)], premium


def listed_expiries(spec: MarketSpec, known: list[dt.date]) -> list[ListedExpiry]:
    """Every expiry that the market lists up to its end, over the calendar's sessions ``known``."""
    schedule = spec.schedule
    if spec.layout is VendorLayout.DERIBIT:
        return coin_expiries(
            known,
            end=spec.end,
            root=spec.roots[0].root,
            daily_days_ahead=schedule.daily,
            weekly_days_ahead=schedule.weekly,
            monthly_days_ahead=schedule.monthly,
            quarterly_days_ahead=schedule.quarterly,
        )
    return exchange_expiries(
        known,
        end=spec.end,
        monthly_root=spec.roots[0].root,
        weekly_root=spec.roots[-1].root,
        am_monthlies=spec.roots[0].settlement_time is SettlementTime.AM,
        weekly_days_ahead=schedule.weekly,
        monthly_days_ahead=schedule.monthly,
        quarterly_days_ahead=schedule.quarterly,
        weeklies_on_third_friday=schedule.weeklies_on_third_friday,
    )


def _settlements(spec: MarketSpec, contracts: ContractTable, calendar: TradingCalendar) -> IntArray:
    settles = np.empty(len(contracts.strike), dtype=np.int64)
    for code, terms in enumerate(spec.roots):
        of_root = contracts.root_code == code
        settles[of_root] = settlement_instants_us(terms, contracts.expiry_days[of_root], calendar)
    return settles


def _delivery_prices(spec: MarketSpec, path: SimulatedPath) -> FloatArray:
    """Average over the half hour before 08:00 UTC, between the snapshots around it; NaN without a venue."""
    prices = np.full(len(path.close), np.nan)
    if spec.layout is not VendorLayout.DERIBIT:
        return prices
    log_close = np.log(path.close)
    rng = np.random.default_rng([spec.seed, _DELIVERY])
    points = bridge_points(log_close[:-1], log_close[1:], path.session_variance[1:], DELIVERY_FRACTIONS, rng)
    prices[1:] = np.round(np.exp(points).mean(axis=1), 2)
    return prices


def am_settlement_dates(market: Market) -> list[dt.date]:
    """Dates on which AM contracts of the market settled within its sessions."""
    am = [c for c, t in enumerate(market.spec.roots) if t.settlement_time is SettlementTime.AM]
    days = np.unique(market.contracts.expiry_days[np.isin(market.contracts.root_code, am)])
    within = set(market.sessions)
    return [d for d in (date_of_days(int(n)) for n in days) if d in within]
