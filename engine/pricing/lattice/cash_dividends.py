"""Options on stocks that pay discrete cash dividends, by two models that must not be confused."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import REAL_NUMBERS, WHOLE_NUMBERS, Floats, as_floats, numeric
from engine.pricing.lattice.dividend_grid import NEAR_ROW, NEAR_ROWS, induce_with_dividends
from engine.pricing.lattice.dividend_plan import ESCROWED, SPOT, band_width, plan_size
from engine.pricing.lattice.inputs import OptionInputs, PricingStatus, option_inputs, out_of_range, scratch
from engine.pricing.lattice.lanes import LANES
from engine.pricing.lattice.leisen_reimer import DAYS_PER_YEAR, LatticeValues

STEPS = 101
MAX_STEPS = 2000
#: of the strike: what exercise is worth is met within this
_ROUNDING = 1e-12


class DividendModel(IntEnum):
    """What the volatility is that of.

    The same volatility gives other prices in the other model: quote which one you used.
    """

    #: of the spot less the present value of the dividends to come, which are set aside; exercise delivers them too
    ESCROWED = ESCROWED
    #: of the stock itself, which drops by the cash at the ex-date
    SPOT = SPOT

    @property
    def label(self) -> str:
        """As stored: ``escrowed``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class CashDividends:
    """Dividends of n options, ragged.

    Attributes
    ----------
    offsets : int64[n + 1]
        Those of option i are the rows from ``offsets[i]`` to ``offsets[i + 1]``.
    ex_times : float64[m]
        Years to the ex-date. Those not after now or not before expiry do not concern the option.
    amounts : float64[m]
        Per share.
    """

    offsets: NDArray[np.int64]
    ex_times: Floats
    amounts: Floats

    def __post_init__(self) -> None:
        offsets = numeric("dividends: offsets", self.offsets, WHOLE_NUMBERS)
        times = as_floats("dividends: ex_times", self.ex_times, REAL_NUMBERS)
        amounts = as_floats("dividends: amounts", self.amounts, REAL_NUMBERS)
        for name, array in (("offsets", offsets), ("ex_times", times), ("amounts", amounts)):
            if array.ndim != 1:
                raise ValueError(f"dividends: {name} must be one-dimensional, got the shape {array.shape}")
        if times.shape != amounts.shape:
            raise ValueError(f"dividends: {times.size} ex_times for {amounts.size} amounts")
        if offsets.size == 0 or offsets[0] != 0 or offsets[-1] != times.size or np.any(np.diff(offsets) < 0):
            raise ValueError(f"dividends: offsets must rise from 0 to the number of dividends, {times.size}")
        object.__setattr__(self, "offsets", np.ascontiguousarray(offsets, dtype=np.int64))
        object.__setattr__(self, "ex_times", np.ascontiguousarray(times))
        object.__setattr__(self, "amounts", np.ascontiguousarray(amounts))

    @classmethod
    def same_for_all(cls, options: int, ex_times: ArrayLike, amounts: ArrayLike) -> "CashDividends":
        """One schedule for every option, as all options on one stock have."""
        times, cash = np.atleast_1d(np.asarray(ex_times)), np.atleast_1d(np.asarray(amounts))
        offsets = np.arange(options + 1, dtype=np.int64) * times.size
        return cls(offsets, np.tile(times, options), np.tile(cash, options))

    def within(self, year_fraction: Floats) -> "CashDividends":
        """Those after now and before each option's expiry, by time."""
        owner = np.repeat(np.arange(self.offsets.size - 1), np.diff(self.offsets))
        order = np.lexsort((self.ex_times, owner))
        owner, times, amounts = owner[order], self.ex_times[order], self.amounts[order]
        keep = ~((times <= 0) | (times >= year_fraction[owner]) | (amounts == 0))
        counts = np.bincount(owner[keep], minlength=self.offsets.size - 1)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return CashDividends(offsets, times[keep], amounts[keep])

    def rows(self, index: NDArray[np.intp]) -> "CashDividends":
        """Those of some of the options."""
        counts = np.diff(self.offsets)[index]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        taken = np.repeat(self.offsets[index] - offsets[:-1], counts) + np.arange(offsets[-1])
        return CashDividends(offsets, self.ex_times[taken], self.amounts[taken])

    def present_value(self, carry: Floats) -> Floats:
        """Worth now in terms of the stock, float64[n]: discounted at the rate less the yield.

        That is what must be taken off the spot for the forward to come out right.
        """
        owner = np.repeat(np.arange(carry.size), np.diff(self.offsets))
        worth = self.amounts * np.exp(-carry[owner] * self.ex_times)
        total: Floats = np.bincount(owner, worth, minlength=carry.size).astype(np.float64)
        return total


def cash_dividend_price(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
    dividends: CashDividends,
    model: DividendModel,
    *,
    american: bool = True,
    steps: int = STEPS,
) -> LatticeValues:
    """Options on a stock with known cash dividends: price, delta, gamma and theta in one pass.

    Parameters
    ----------
    right, spot, strike, year_fraction, rate, dividend_yield, sigma
        As for :func:`engine.pricing.lattice.leisen_reimer.leisen_reimer`; the yield is paid besides the cash.
    dividends : CashDividends
        Of as many options as the arguments broadcast to, in that order.
    model : DividendModel
    american : bool
        False for options that are exercised at expiry only.
    steps : int
        At least, from 4 to 2000: each time between ex-dates is a whole number of steps. How much rate, yield and
        volatility they are good for stands at :func:`engine.pricing.lattice.leisen_reimer.leisen_reimer`.

    Raises
    ------
    ValueError
        If an argument is not numeric, shapes do not fit, or steps is out of range.
    """
    options = option_inputs(right, spot, strike, year_fraction, rate, dividend_yield, sigma)
    n = options.spot.size
    if dividends.offsets.size != n + 1:
        raise ValueError(
            f"dividends are those of {dividends.offsets.size - 1} options, the arguments are {n}"
        )
    if not 4 <= steps <= MAX_STEPS:
        raise ValueError(f"steps is {steps}: it must be from 4 to {MAX_STEPS}")
    if not isinstance(model, DividendModel):
        raise ValueError(f"model is {model!r}: name DividendModel.ESCROWED or DividendModel.SPOT")
    with np.errstate(invalid="ignore"):
        cash = dividends.within(options.year_fraction)
        present = cash.present_value(options.rate - options.dividend_yield)
        worthless = ~(np.isfinite(present) & (present < options.spot)) & (np.diff(cash.offsets) > 0)
    negative = np.bincount(
        np.repeat(np.arange(n), np.diff(cash.offsets)), ~(cash.amounts >= 0), minlength=n
    ).astype(bool)
    status = np.where(
        (options.status == PricingStatus.OK) & (worthless | negative),
        np.int8(PricingStatus.BAD_DIVIDENDS),
        options.status,
    )
    found = np.full((3, n), np.nan)
    uncertain = (
        (options.sigma * np.sqrt(np.maximum(options.year_fraction, 0)) > 0)
        & (options.strike > 0)
        & (options.spot > 0)
    )
    status[(status == PricingStatus.OK) & uncertain & out_of_range(options, steps, american=american)] = (
        PricingStatus.OUT_OF_RANGE
    )
    rows = np.flatnonzero((status == PricingStatus.OK) & uncertain)
    if rows.size:
        found[:, rows] = _on_grid(options.rows(rows), cash.rows(rows), model, american, steps)
    for i in np.flatnonzero((status == PricingStatus.OK) & ~uncertain):
        found[:, i] = _certain(options, int(i), cash, american)
    held = present if model is DividendModel.ESCROWED else np.zeros(n)
    theta = _theta_per_day(options, held, *found)
    price, delta, gamma, theta, status = (v.reshape(options.shape) for v in (*found, theta, status))
    return LatticeValues(price, delta, gamma, theta, status)


def _on_grid(
    options: OptionInputs, cash: CashDividends, model: DividendModel, american: bool, steps: int
) -> Floats:
    n = options.spot.size
    width, most = band_width(steps), int(np.max(np.diff(cash.offsets)))
    padded = -(-n // LANES) * LANES
    found = np.empty(3 * padded)
    induce_with_dividends(
        steps, int(model), american, width, 1.0 - 2.0 * options.right, *options.columns[1:],
        cash.offsets, cash.ex_times, cash.amounts,
        scratch(plan_size(most)), np.empty(most + 1, dtype=np.int64), scratch(LANES * width), scratch(LANES * width),
        scratch(LANES * width), scratch(NEAR_ROW * NEAR_ROWS), found,
    )  # fmt: skip
    return found.reshape(3, padded)[:, :n]


def _certain(
    options: OptionInputs, i: int, cash: CashDividends, american: bool
) -> tuple[float, float, float]:
    """Price, delta and gamma where the stock moves at its drift less the dividends: the best of the instants at which
    exercise can be best, which are now, expiry, just before and after each ex-date, and the extremum between."""
    s, k, t, r, q = (float(c[i]) for c in options.columns[1:6])
    sign = -1.0 if options.right[i] == 1 else 1.0
    mine = slice(cash.offsets[i], cash.offsets[i + 1])
    dates = [0.0, *cash.ex_times[mine].tolist(), t]
    paid, best = 0.0, (0.0, 0.0)
    for date, end, amount in zip(dates[:-1], dates[1:], [0.0, *cash.amounts[mine].tolist()], strict=True):
        paid += amount * np.exp(-(r - q) * date)
        instants = [date, end] if american else [end] if end == t else []
        if american and r != q and q * (s - paid) != 0 and r * k / (q * (s - paid)) > 0:
            extremum = np.log(r * k / (q * (s - paid))) / (r - q)
            instants += [extremum] if date < extremum < end else []
        for instant in instants:
            worth = sign * ((s - paid) * np.exp(-q * instant) - k * np.exp(-r * instant))
            best = max(best, (worth, sign * np.exp(-q * instant)))
    return best[0], best[1], 0.0


def _theta_per_day(
    options: OptionInputs, held: Floats, price: Floats, delta: Floats, gamma: Floats
) -> Floats:
    """By the Black-Scholes equation for what is uncertain; what is held for dividends grows at the carry."""
    s, r, carry = options.spot, options.rate, options.rate - options.dividend_yield
    with np.errstate(invalid="ignore", over="ignore"):
        curved = options.sigma * (s - held)
        per_year = r * price - carry * s * delta - 0.5 * curved * curved * gamma
        intrinsic = np.where(options.right == 1, options.strike - s, s - options.strike)
        theta: Floats = np.where(
            price <= intrinsic + _ROUNDING * options.strike, 0.0, per_year / DAYS_PER_YEAR
        )
    return theta
