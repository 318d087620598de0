"""Zero rates from par yields.

Constant-maturity Treasury yields are par yields on a bond-equivalent (semiannual) basis (US Treasury, "Treasury
Yield Curve Methodology"). Up to half a year such an issue pays once, so its yield is a simple one; beyond it
coupons fall every half year and discount factors follow one after the other (the usual bootstrap).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def zero_rates_from_par(years: Sequence[float], par_yields: Sequence[float]) -> NDArray[np.float64]:
    """Continuously compounded zero rates at the tenors of a par curve.

    Parameters
    ----------
    years
        Tenors in years, increasing, above 0; beyond half a year they are multiples of it.
    par_yields
        Decimals, bond-equivalent. Between tenors they are interpolated linearly, before the first one they
        are constant.

    Returns
    -------
    float64[n]
        Decimals, for time in years.

    Raises
    ------
    ValueError
        If the tenors are not as said above, or a discount factor would not be positive.
    """
    tenors = np.asarray(years, dtype=np.float64)
    yields = np.asarray(par_yields, dtype=np.float64)
    if len(tenors) == 0:
        return np.zeros(0)
    long = tenors > 0.5
    if np.any(np.diff(tenors) <= 0) or tenors[0] <= 0 or np.any(tenors[long] * 2 % 1 != 0):
        raise ValueError(f"tenors {list(years)}: need increasing years, whole half years beyond 0.5")
    discount = np.empty(len(tenors))
    discount[~long] = 1.0 / (1.0 + yields[~long] * tenors[~long])
    if long.any():
        nodes = np.arange(1, round(tenors[-1] * 2) + 1) / 2
        coupons = np.interp(nodes, tenors, yields) / 2
        factors = np.empty(len(nodes))
        annuity = 0.0
        for i, coupon in enumerate(coupons.tolist()):
            factors[i] = (1.0 - coupon * annuity) / (1.0 + coupon)
            annuity += factors[i]
        if np.any(factors <= 0):
            raise ValueError(f"par yields {list(par_yields)} at {list(years)} years have no discount factors")
        discount[long] = factors[np.rint(tenors[long] * 2).astype(int) - 1]
    if np.any(discount <= 0):
        raise ValueError(f"par yields {list(par_yields)} at {list(years)} years have no discount factors")
    rates: NDArray[np.float64] = -np.log(discount) / tenors
    return rates
