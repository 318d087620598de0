"""The columns that go into the pricing of a chain, and those that come out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.pricing.arguments import REAL_NUMBERS, TRUTHS, WHOLE_NUMBERS, numeric
from engine.pricing.forward import ForwardMethod
from engine.pricing.implied_volatility import IvStatus

#: what prices a row, by the position that is stored
MODELS = np.array(
    ["black76_european", "black76_inverse", "american_tree", "american_tree_escrowed_dividends"], dtype=object
)
MODEL_DOLLAR, MODEL_COIN, MODEL_AMERICAN, MODEL_ESCROWED = range(4)
FORWARD_METHODS = np.array([method.value for method in ForwardMethod], dtype=object)
IV_STATUSES = np.array([status.label for status in IvStatus], dtype=object)


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
        Per unit of underlying, in dollars or, where ``coin_settled``, in the coin. What is not positive and finite is
        none.
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
    american : bool[n]
        Whether it can be exercised before it expires.
    dividend_ex_us : int64[d]
        UTC microseconds from which the underlying trades without each cash dividend that is known at ``ts_us``.
    dividend_amount : float64[d]
        Dollars per unit of underlying, not negative.
    curve_tenor_days, curve_rate : float64[m]
        Continuously compounded zero rates known at ``ts_us``; empty where none are.

    Raises
    ------
    ValueError
        Naming the column that holds no numbers, or is not as long as the others, or whose values cannot be.

    Notes
    -----
    Columns of other widths, strides and kinds of numbers are converted; what comes is never written to.
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
    american: NDArray[np.bool_]
    dividend_ex_us: NDArray[np.int64]
    dividend_amount: NDArray[np.float64]
    curve_tenor_days: NDArray[np.float64]
    curve_rate: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name, (kinds, dtype) in _COLUMNS.items():
            given = numeric(f"chain column {name}", getattr(self, name), kinds)
            if name in _WITHIN:
                least, most, meaning = _WITHIN[name]
                wrong = given[(given < least) | (given > most)]
                if wrong.size:
                    raise ValueError(f"chain column {name} has the value {wrong.flat[0]}: {meaning}")
            object.__setattr__(self, name, np.ascontiguousarray(given, dtype=dtype))
        for name in _COLUMNS:
            of = "dividend_ex_us" if name.startswith("dividend_") else "strike"
            length, shape = getattr(self, of).size, getattr(self, name).shape
            # the curve checks itself where it is made
            if shape != (length,) and not name.startswith("curve_"):
                raise ValueError(f"chain column {name} has shape {shape}, {of} has ({length},)")
        bad = self.dividend_amount[~((self.dividend_amount >= 0.0) & (self.dividend_amount < np.inf))]
        if bad.size:
            raise ValueError(
                f"chain column dividend_amount has the value {bad[0]}: an amount is finite and not negative"
            )
        for name in ("bid", "ask"):
            price = getattr(self, name)
            object.__setattr__(self, name, np.where((price > 0.0) & (price < np.inf), price, np.nan))


#: least and greatest value of codes that are stored in few bits
_WITHIN = {
    "right": (0, 1, "0 is a call, 1 a put"),
    "expiry_days": (-(2**31), 2**31 - 1, "days since 1970-01-01 have 32 bits"),
}
#: kinds of numpy's types that a column is made of without guessing, and the type that it gets
_COLUMNS: dict[str, tuple[str, type[np.generic]]] = {
    "root_code": (WHOLE_NUMBERS, np.int64),
    "expiry_days": (WHOLE_NUMBERS, np.int32),
    "right": (WHOLE_NUMBERS + TRUTHS, np.int8),
    "strike": (REAL_NUMBERS, np.float64),
    "bid": (REAL_NUMBERS, np.float64),
    "ask": (REAL_NUMBERS, np.float64),
    "spot": (REAL_NUMBERS, np.float64),
    "vendor_forward": (REAL_NUMBERS, np.float64),
    "settles_us": (WHOLE_NUMBERS, np.int64),
    "american": (TRUTHS, np.bool_),
    "dividend_ex_us": (WHOLE_NUMBERS, np.int64),
    "dividend_amount": (REAL_NUMBERS, np.float64),
    "curve_tenor_days": (REAL_NUMBERS, np.float64),
    "curve_rate": (REAL_NUMBERS, np.float64),
}


@dataclass(frozen=True, slots=True)
class ChainOutputs:
    """What the quotes imply, in the order of the inputs.

    Attributes
    ----------
    forward, discount : float64[n]
        Of the row's root and expiry.
    forward_method_code : int64[n]
        Positions in :class:`engine.pricing.forward.ForwardMethod`; ``forward_method`` has its values.
    year_fraction : float64[n]
        Actual/365 to settlement; not positive once it is past.
    model_code : int8[n]
        Positions in ``MODELS``, what priced the row; ``model`` has their names.
    iv, iv_bid, iv_ask : float64[n]
        Implied volatilities of mid, bid and ask, decimal. The mid needs both sides; ``iv_ask`` stands alone
        where there is no bid.
    iv_status_code : int8[n]
        Codes of :class:`engine.pricing.implied_volatility.IvStatus`, for ``iv``; ``iv_status`` has their labels.
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
    early_exercise_premium : float64[n]
        What the mid exceeds the European option's price at the same volatility by; 0 for European options, NaN where
        there is no volatility.

    Notes
    -----
    All Greeks are taken at ``iv`` and NaN where it is. For coin chains they are those of the dollar price
    (coin price times forward) with the discount at 1 and the forward in the place of spot.
    """

    forward: NDArray[np.float64]
    discount: NDArray[np.float64]
    forward_method_code: NDArray[np.int64]
    year_fraction: NDArray[np.float64]
    model_code: NDArray[np.int8]
    iv: NDArray[np.float64]
    iv_bid: NDArray[np.float64]
    iv_ask: NDArray[np.float64]
    iv_status_code: NDArray[np.int8]
    delta: NDArray[np.float64]
    gamma: NDArray[np.float64]
    vega_per_vol_point: NDArray[np.float64]
    theta_per_day: NDArray[np.float64]
    rho_per_pct: NDArray[np.float64]
    early_exercise_premium: NDArray[np.float64]

    @property
    def forward_method(self) -> NDArray[np.object_]:
        """As stored."""
        return FORWARD_METHODS[self.forward_method_code]

    @property
    def model(self) -> NDArray[np.object_]:
        """As stored."""
        return MODELS[self.model_code]

    @property
    def iv_status(self) -> NDArray[np.object_]:
        """As stored."""
        return IV_STATUSES[self.iv_status_code]
