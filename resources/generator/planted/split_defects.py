"""A split that nobody recorded: a session's file on another share basis, strikes, prices and open interest alike."""

import numpy as np
import pyarrow as pa

from engine.corporate_actions.memos import OptionMemo
from resources.generator.planted.session_file import SessionFile, Window
from resources.generator.planted.structure_defects import scale_spot

_PRICES = ("last_trade_price", "theo", "open", "high", "low", "vega", "theta", "rho")
_CONTRACTS = ("bid_size", "ask_size", "volume", "open_interest")


def unrecorded_split(file: SessionFile, _window: Window, size: float, _rng: np.random.Generator) -> str:
    """Everything as after a split of ``size`` for one; the session after is on the old basis again."""
    memo = OptionMemo(strike_divisor=size)
    for sheet in file.sheets:
        strike = memo.strike_after(sheet.columns["strike"].cast(pa.float64()).to_numpy())
        symbols = sheet.columns["option"].cast(pa.string()).to_pylist()
        sheet.columns["option"] = pa.array(
            [f"{s[:-8]}{round(k * 1000):08d}" for s, k in zip(symbols, strike.tolist(), strict=True)]
        )
        sheet.columns["strike"] = pa.array([f"{k:.3f}" for k in strike.tolist()])
        # to the cent, outwards, as a market maker would quote
        sheet.replace("bid", np.floor(sheet.values("bid") / size * 100.0 + 1e-6) / 100.0)
        sheet.replace("ask", np.ceil(sheet.values("ask") / size * 100.0 - 1e-6) / 100.0)
        for name in _PRICES:
            sheet.replace(name, np.round(sheet.values(name) / size, 4))
        sheet.replace("gamma", np.round(sheet.values("gamma") * size, 4))
        for name in _CONTRACTS:
            sheet.replace(name, np.round(sheet.values(name) * size))
    scale_spot(file, 1.0 / size)
    return f"strikes and prices divided by {size:g}, contracts times as many"
