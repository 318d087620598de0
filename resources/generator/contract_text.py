"""What a vendor prints about a contract itself, made once per contract and not once per quote."""

import numpy as np
import pyarrow as pa

from engine.calendars import date_of_days
from engine.simulation.listing import ContractTable, IntArray

_RIGHTS = ("C", "P")


class ContractText:
    """Expiry, strike and OSI symbol of every contract, as listed before and after a split."""

    def __init__(self, contracts: ContractTable, roots: list[str]) -> None:
        self._split = contracts.split
        rows = np.arange(len(contracts.strike))
        self._versions = [_texts(contracts, roots, rows, 0)]
        if contracts.split is not None:
            self._versions.append(_texts(contracts, roots, rows, contracts.split.session))

    def columns(self, row: IntArray, side: IntArray, session: int) -> dict[str, pa.Array]:
        """``expiry``, ``right``, ``strike``, ``option`` as strings, one element a quote."""
        after = self._split is not None and session >= self._split.session
        expiry, strike, option = self._versions[1 if after else 0]
        return {
            "expiry": expiry.take(pa.array(row)),
            "right": pa.array(_RIGHTS).take(pa.array(side)),
            "strike": strike.take(pa.array(row)),
            "option": option.take(pa.array(2 * row + side)),
        }


def _texts(
    contracts: ContractTable, roots: list[str], rows: IntArray, session: int
) -> tuple[pa.Array, pa.Array, pa.Array]:
    strikes = contracts.strike_on(rows, session).tolist()
    dates = [date_of_days(n) for n in contracts.expiry_days.tolist()]
    codes = contracts.root_code.tolist()
    options = [
        f"{roots[code]}{date:%y%m%d}{right}{round(strike * 1000):08d}"
        for code, date, strike in zip(codes, dates, strikes, strict=True)
        for right in _RIGHTS
    ]
    return (
        pa.array([date.isoformat() for date in dates]),
        pa.array([f"{strike:.3f}" for strike in strikes]),
        pa.array(options),
    )
