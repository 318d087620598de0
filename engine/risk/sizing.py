"""How many packages an entry trades."""

import math

from engine.backtest.study import SizingSpec

#: Smallest tradable amounts: whole contracts on exchanges, tenths on coin venues.
WHOLE_CONTRACTS = 1.0
COIN_CONTRACTS = 0.1


def packages_for_entry(
    sizing: SizingSpec, nav: float, max_loss_per_package: float, *, contract_step: float
) -> float:
    """Packages that an entry may trade; 0 if one step is already too much or the risk is not positive.

    With ``risk_fraction`` it is the largest multiple of ``contract_step`` whose maximum loss stays within
    that fraction of NAV; with ``contracts`` that number as it stands.
    """
    if sizing.contracts is not None:
        return sizing.contracts
    assert sizing.risk_fraction is not None
    if not max_loss_per_package > 0 or not nav > 0:
        return 0.0
    # the small addition keeps 0.3 / 0.1 at three steps
    steps = math.floor(sizing.risk_fraction * nav / max_loss_per_package / contract_step + 1e-9)
    return round(steps * contract_step, 10)
