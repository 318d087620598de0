"""The VIX of 2026-07-22 out of the layer's SPXW quotes, by Cboe's method: forwards, strikes that enter, index.

Cboe, "Volatility Index Methodology: Cboe Volatility Index": of two expiries either side of thirty days, quotes out of
the money away from the forward until two strikes in a row have no bid.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.real_data

#: of the facts: one flat rate, and minutes counted from 16:15 to 16:00 on the day of expiry
RATE = 0.0375
MINUTES_A_YEAR, THIRTY_DAYS = 525_600, 43_200


@dataclass(frozen=True)
class Variance:
    forward: float
    first_below: float
    strikes: int
    years: float
    variance: float


def variance_of(chain: pd.DataFrame, years: float) -> Variance:
    """Of one expiry: bid and mid by strike and right; a missing bid is none."""
    sides = {right: of.set_index("strike").sort_index() for right, of in chain.groupby("right")}
    calls, puts = sides["C"].align(sides["P"], join="inner", axis=0)
    growth = float(np.exp(RATE * years))
    difference = (calls["mid"] - puts["mid"])[calls["bid"].notna() & puts["bid"].notna()]
    nearest = difference.abs().idxmin()
    forward = nearest + growth * difference[nearest]
    first_below = calls.index[calls.index <= forward].max()
    used = {first_below: 0.5 * (calls["mid"] + puts["mid"])[first_below]}
    outwards = (
        (puts, puts.index[puts.index < first_below][::-1]),
        (calls, calls.index[calls.index > first_below]),
    )
    for side, strikes in outwards:
        without = 0
        for strike in strikes:
            if np.isnan(side["bid"][strike]):
                without += 1
                if without == 2:
                    break
            else:
                without = 0
                used[strike] = side["mid"][strike]
    strike = np.array(sorted(used))
    price = np.array([used[k] for k in strike])
    # half the distance of the neighbours; at the ends the distance to the only one
    width = np.r_[strike[1] - strike[0], 0.5 * (strike[2:] - strike[:-2]), strike[-1] - strike[-2]]
    total = 2.0 / years * growth * float(np.sum(width / strike**2 * price))
    return Variance(
        forward, first_below, len(strike), years, total - (forward / first_below - 1.0) ** 2 / years
    )


def test_the_layer_gives_the_vix_of_the_facts(ingested, facts) -> None:
    for fact in facts["vix_replication"]["values"]:
        table = ingested.rows("cboe_2026_07", "option_chain", fact["date"], "SPX")
        frame = table.select(["root", "expiry", "right", "strike", "bid", "ask"]).to_pandas()
        frame = frame[frame["root"] == "SPXW"]
        # a quote without a bid counts as one of 0 where its mid is wanted; it is only where it does not enter
        frame["mid"] = 0.5 * (frame["bid"].fillna(0.0) + frame["ask"])
        taken = dt.datetime.fromisoformat(f"{fact['date']}T16:15")
        found = []
        for name in ("near", "next"):
            expiry = dt.date.fromisoformat(fact[name])
            minutes = (dt.datetime.combine(expiry, dt.time(16)) - taken).total_seconds() / 60
            chain = frame[frame["expiry"] == expiry].astype({"right": str})
            found.append(variance_of(chain, minutes / MINUTES_A_YEAR))
        assert [v.strikes for v in found] == fact["n"]
        assert [v.first_below for v in found] == fact["K0"]
        assert [v.forward for v in found] == pytest.approx(fact["F"], abs=1e-6)
        near, far = found
        minutes = np.array([near.years, far.years]) * MINUTES_A_YEAR
        weight = np.array([minutes[1] - THIRTY_DAYS, THIRTY_DAYS - minutes[0]]) / (minutes[1] - minutes[0])
        blended = float(weight @ [near.years * near.variance, far.years * far.variance])
        vix = 100.0 * np.sqrt(blended * MINUTES_A_YEAR / THIRTY_DAYS)
        assert vix == pytest.approx(fact["vix"], abs=1e-6)
        assert vix == pytest.approx(fact["published_vix_close"], abs=0.1)


def test_the_strips_of_the_surface_layer_give_the_same_index(ingested, facts) -> None:
    """With the discounts of put-call parity instead of the facts' flat rate."""
    for fact in facts["vix_replication"]["values"]:
        rows = ingested.rows("cboe_2026_07", "volatility_surface", fact["date"], "SPX").to_pylist()
        expiries = [dt.date.fromisoformat(fact[name]) for name in ("near", "next")]
        near, far = (r for r in rows if r["root"] == "SPXW" and r["expiry"] in expiries)
        assert [near["strip_options"], far["strip_options"]] == fact["n"]
        minutes = np.array([near["year_fraction"], far["year_fraction"]]) * MINUTES_A_YEAR
        weight = np.array([minutes[1] - THIRTY_DAYS, THIRTY_DAYS - minutes[0]]) / (minutes[1] - minutes[0])
        total = weight @ (minutes * [near["strip_iv"] ** 2, far["strip_iv"] ** 2])
        assert 100.0 * np.sqrt(total / THIRTY_DAYS) == pytest.approx(fact["vix"], abs=0.03)
