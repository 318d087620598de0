"""One chain at one instant: forwards, implied volatilities and Greeks of every quote."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engine.calendars import year_fraction
from engine.pricing.forward import ForwardFits, ForwardMethod, fit_forwards, inverse_forwards
from engine.pricing.greeks import spot_greeks
from engine.pricing.implied_volatility import IvStatus, implied_volatility
from engine.pricing.rate_curve import RateCurve

MODEL_DOLLAR = "black76_european"
MODEL_COIN = "black76_inverse"
_STATUS_LABELS = np.array([status.label for status in IvStatus], dtype=object)


@dataclass(frozen=True, slots=True)
class ChainInputs:
    """Quotes of one underlying at one instant, in any order.

    Attributes
    ----------
    root_code : int[n]
        Any code that tells the roots of the chain apart: each root and expiry has its own forward.
    expiry_days : int32[n]
    right : int8[n]
        0 call, 1 put.
    strike : float64[n]
        In dollars per unit (also for coins).
    bid, ask : float64[n]
        Per unit of underlying, in dollars or, where ``coin_settled``, in the coin; NaN where there is none.
    spot : float64[n]
        Price of the underlying; NaN where unknown.
    vendor_forward : float64[n]
        The source's own forward, NaN where it has none. Used for coin chains only.
    settles_us : int64[n]
        UTC microseconds to which time is measured.
    ts_us : int
        UTC microseconds of the quotes.
    coin_settled : bool
        Priced and paid in the coin (Deribit's inverse options).
    curve_tenor_days, curve_rate : float64[m]
        Continuously compounded zero rates known at ``ts_us``; empty where none are.
    """

    root_code: NDArray[np.integer]
    expiry_days: NDArray[np.int32]
    right: NDArray[np.int8]
    strike: NDArray[np.float64]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    spot: NDArray[np.float64]
    vendor_forward: NDArray[np.float64]
    settles_us: NDArray[np.int64]
    ts_us: int
    coin_settled: bool
    curve_tenor_days: NDArray[np.float64]
    curve_rate: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = self.strike.size
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.startswith("curve_") or not isinstance(value, np.ndarray):
                continue
            if value.shape != (n,):
                raise ValueError(f"chain column {field.name} has shape {value.shape}, strike has ({n},)")


@dataclass(frozen=True, slots=True)
class ChainOutputs:
    """What the quotes imply, in the order of the inputs. Prices are European Black (1976) prices.

    Attributes
    ----------
    forward, discount : float64[n]
        Of the row's root and expiry.
    forward_method : object[n]
        :class:`engine.pricing.forward.ForwardMethod` values as plain strings.
    year_fraction : float64[n]
        Actual/365 to settlement; not positive once it is past.
    model : object[n]
        ``black76_european``, or ``black76_inverse`` for coin chains.
    iv, iv_bid, iv_ask : float64[n]
        Implied volatilities of mid, bid and ask, decimal. The mid needs both sides; ``iv_ask`` stands alone
        where there is no bid.
    iv_status : object[n]
        Labels of :class:`engine.pricing.implied_volatility.IvStatus`, for ``iv``.
    delta : float64[n]
        Dollar chains: dPrice/dSpot with the forward in proportion to spot, ``D F / S`` times the forward
        delta; NaN where spot is unknown. Coin chains: the plain forward delta, dPrice/dForward of the
        dollar price.
    gamma : float64[n]
        Derivative of ``delta`` to the same price, per dollar.
    vega_per_vol_point : float64[n]
        Dollars for volatility up by 0.01.
    theta_per_day : float64[n]
        Dollars over one calendar day.
    rho_per_pct : float64[n]
        Dollars for the rate up by 0.01.

    Notes
    -----
    All Greeks are taken at ``iv`` and NaN where it is. For coin chains they are those of the dollar price
    (coin price times forward) with the discount at 1 and the forward in the place of spot.
    """

    forward: NDArray[np.float64]
    discount: NDArray[np.float64]
    forward_method: NDArray[np.object_]
    year_fraction: NDArray[np.float64]
    model: NDArray[np.object_]
    iv: NDArray[np.float64]
    iv_bid: NDArray[np.float64]
    iv_ask: NDArray[np.float64]
    iv_status: NDArray[np.object_]
    delta: NDArray[np.float64]
    gamma: NDArray[np.float64]
    vega_per_vol_point: NDArray[np.float64]
    theta_per_day: NDArray[np.float64]
    rho_per_pct: NDArray[np.float64]


def enrich_chain(chain: ChainInputs) -> ChainOutputs:
    """Forward, discount, implied volatility and Greeks of every quote of a chain.

    Every option is valued as European; American ones are not told apart yet, which ``model`` says.
    """
    n = chain.strike.size
    years = year_fraction(chain.ts_us, chain.settles_us)
    mid = 0.5 * (chain.bid + chain.ask)
    fits, group_of_row = _fit_groups(chain, years, mid)
    forward, discount = fits.forward[group_of_row], fits.discount[group_of_row]
    method = np.array([m.value for m in fits.methods()], dtype=object)[group_of_row]

    to_undiscounted = forward if chain.coin_settled else 1.0 / discount
    iv, iv_bid, iv_ask, status = _volatilities(chain, mid, forward, years, to_undiscounted)
    greeks = spot_greeks(
        chain.right,
        forward if chain.coin_settled else chain.spot,
        forward,
        discount,
        chain.strike,
        years,
        iv,
    )
    return ChainOutputs(
        forward=forward,
        discount=discount,
        forward_method=method,
        year_fraction=years,
        model=np.full(n, MODEL_COIN if chain.coin_settled else MODEL_DOLLAR, dtype=object),
        iv=iv,
        iv_bid=iv_bid,
        iv_ask=iv_ask,
        iv_status=status,
        delta=greeks.delta,
        gamma=greeks.gamma,
        vega_per_vol_point=greeks.vega_per_vol_point,
        theta_per_day=greeks.theta_per_day,
        rho_per_pct=greeks.rho_per_pct,
    )


def _volatilities(
    chain: ChainInputs,
    mid: NDArray[np.float64],
    forward: NDArray[np.float64],
    years: NDArray[np.float64],
    to_undiscounted: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.object_]]:
    """Mid, bid and ask in one call: three short ones would cost a small chain more than the work itself."""
    solved = implied_volatility(
        np.tile(chain.right, 3),
        np.tile(forward, 3),
        np.tile(chain.strike, 3),
        np.tile(years, 3),
        np.concatenate([mid, chain.bid, chain.ask]) * np.tile(to_undiscounted, 3),
    )
    iv, iv_bid, iv_ask = solved.sigma.reshape(3, -1)
    return iv, iv_bid, iv_ask, _STATUS_LABELS[solved.status[: mid.size]]


def _fit_groups(
    chain: ChainInputs, years: NDArray[np.float64], mid: NDArray[np.float64]
) -> tuple[ForwardFits, NDArray[np.int64]]:
    """One forward for each root and expiry, and which of them each row has."""
    keys = (chain.root_code.astype(np.int64) << 32) + chain.expiry_days.astype(np.int64)
    groups, first_row, group_of_row = np.unique(keys, return_index=True, return_inverse=True)
    quoted = np.flatnonzero((chain.bid > 0) & (chain.ask >= chain.bid))
    order = quoted[
        np.lexsort((chain.right[quoted], chain.strike[quoted], group_of_row[quoted]))
    ]  # a call and the put of its strike stand side by side
    call, put = order[:-1], order[1:]
    paired = (
        (group_of_row[call] == group_of_row[put])
        & (chain.strike[call] == chain.strike[put])
        & (chain.right[call] == 0)
        & (chain.right[put] == 1)
    )
    call, put = call[paired], put[paired]
    pair_strike, pair_difference = chain.strike[call], mid[call] - mid[put]
    pair_bounds = np.searchsorted(group_of_row[call], np.arange(groups.size + 1))

    curve = RateCurve(
        np.asarray(chain.curve_tenor_days, dtype=np.float64), np.asarray(chain.curve_rate, dtype=np.float64)
    )
    times = years[first_row]
    spot = _medians(chain.spot, group_of_row, groups.size)
    if chain.coin_settled:
        venue = _medians(chain.vendor_forward, group_of_row, groups.size)
        fits = inverse_forwards(pair_bounds, pair_strike, pair_difference, vendor_forward=venue, spot=spot)
    else:
        rates = np.array([np.nan if (r := curve.rate_at(float(t))) is None else r for t in times])
        fits = fit_forwards(
            pair_bounds, pair_strike, pair_difference, spot=spot, year_fraction=times, rate=rates
        )
    return fits, group_of_row


def _medians(values: NDArray[np.float64], group: NDArray[np.int64], groups: int) -> NDArray[np.float64]:
    """Median of the known values of each group; NaN where none is known."""
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.lexsort((values[known], group[known]))]
    bounds = np.searchsorted(group[order], np.arange(groups + 1))
    count = np.diff(bounds)
    some = count > 0
    middle = np.full(groups, np.nan)
    low, high = bounds[:-1][some] + (count[some] - 1) // 2, bounds[:-1][some] + count[some] // 2
    middle[some] = 0.5 * (values[order[low]] + values[order[high]])
    return middle


__all__ = ["MODEL_COIN", "MODEL_DOLLAR", "ChainInputs", "ChainOutputs", "ForwardMethod", "enrich_chain"]
