"""What the venue and the broker charge."""

from engine.backtest.study import FeeSpec


def option_fee(fees: FeeSpec, contracts: float, price: float, multiplier: float) -> float:
    """Fee of one leg, in the currency of the premium.

    Dollars: ``per_contract`` a contract, flat (tiers by premium and monthly volume are not built). Coins:
    ``min(coin_rate * n, coin_cap_of_premium * price * n)`` with n units of underlying, per leg, without the
    venue's discount for combinations; a cap of 0 means no cap.

    Parameters
    ----------
    contracts
        Signed or not; the fee is charged on its absolute value.
    price
        Premium per unit of underlying.
    """
    units = abs(contracts) * multiplier
    fee = fees.per_contract * abs(contracts)
    if fees.coin_rate > 0.0:
        rate = fees.coin_rate * units
        fee += min(rate, fees.coin_cap_of_premium * price * units) if fees.coin_cap_of_premium > 0.0 else rate
    return fee


def share_fee(fees: FeeSpec, shares: float) -> float:
    return fees.per_share * abs(shares)


def exercise_fee(fees: FeeSpec, contracts: float) -> float:
    """Fee for contracts that end in the money: exercised, assigned or settled in cash."""
    return fees.per_exercise * abs(contracts)
