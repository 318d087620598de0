"""What looks odd in a set and is right: none of it may be flagged."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from engine.calendars import days_of_date
from resources.generator.market import Market, MarketDay
from resources.generator.planted.day_sheet import DaySheet
from resources.generator.planted.planting import half_days
from resources.generator.planted.row_defects import LEAST_YEARS
from resources.generator.planted.session_file import SessionFile
from resources.generator.specs import VendorLayout

#: a move of the close by so many of its own standard deviations is on record as a jump
JUMP_SD = 4.0
#: and from this log move down as a crash
CRASH = -0.5
#: quotes a day whose spread is widened around the true value
WIDE_WINGS = 2
WIDE_FACTOR = 3.0


@dataclass(frozen=True)
class Decoy:
    """Something odd and right; ``contract`` is empty where it concerns the whole session."""

    session: dt.date
    underlying: str
    contract: str
    kind: str
    what: str


class Decoys:
    """Finds the odd sessions of a market, and widens a few honest wings."""

    def __init__(self, market: Market, start: dt.date) -> None:
        self._market = market
        sessions = [d for d in market.sessions if d >= start]
        self._half = (
            set(half_days(sessions, market.calendar)) if market.spec.layout is VendorLayout.CBOE else set()
        )
        self._jumps = {day for day, _ in market.spec.jumps}
        self._ex_dates = {d.ex_date: d.amount for d in market.spec.dividends}
        self.found: list[Decoy] = []

    def observe(self, day: MarketDay) -> None:
        """Note what is odd about a session."""
        market, date = self._market, day.date
        chain, contracts = day.chain, market.contracts
        if date in self._half:
            self._note(date, "half_day", "the exchange closes early")
        split = market.spec.split
        if split is not None and date == split.effective_date:
            self._note(
                date,
                "split_day",
                f"{split.new_shares}-for-{split.old_shares}: every strike and price changes",
            )
        if date in self._ex_dates:
            self._note(date, "ex_date", f"cash dividend of {self._ex_dates[date]:.2f}")
        i = day.session
        basis = market.share_basis
        move = float(np.log(market.path.close[i] / market.path.close[i - 1]))
        sd = float(np.sqrt(market.path.session_variance[i]))
        if date in self._jumps or abs(move) > JUMP_SD * sd:
            kind = "crash" if move < CRASH else "jump"
            self._note(
                date, kind, f"the close moves by {move:+.2%}, {abs(move) / sd:.1f} standard deviations"
            )
        expiring = int((chain.expiry_days == days_of_date(date)).sum())
        if expiring:
            self._note(date, "expiry_day", f"{expiring} contracts are quoted on the day on which they expire")
        fresh = int((contracts.first_session[chain.row] == i).sum())
        if fresh and basis[i] == basis[i - 1]:
            self._note(date, "fresh_listing", f"{fresh} contracts are quoted for the first time")

    def widen(self, file: SessionFile, taken: set[int], rng: np.random.Generator) -> None:
        """Widen the spread of some far options to both sides of their value: wide, and honest."""
        for sheet in file.sheets[-1:]:
            for row in self._wings(sheet, taken, rng):
                bid, ask = sheet.number("bid", row), sheet.number("ask", row)
                tick = self._market.spec.spreads
                wider = round(ask + (WIDE_FACTOR - 1.0) * (ask - bid), 6)
                unit = tick.large_tick if wider >= tick.large_tick_from else tick.small_tick
                wider = round(float(np.ceil(wider / unit - 1e-9)) * unit, 6)
                sheet.put("ask", row, wider)
                self.found.append(
                    Decoy(
                        file.dated,
                        self._market.spec.symbol,
                        sheet.contract(row),
                        "wide_wing",
                        f"{bid:g} to {wider:g} around a value of {float(sheet.chain.value[row]):.4g}",
                    )
                )

    def _wings(self, sheet: DaySheet, taken: set[int], rng: np.random.Generator) -> list[int]:
        chain = sheet.chain
        key = 2 * chain.row + chain.is_put
        far = (np.abs(chain.delta_forward) < 0.1) & (chain.bid > 0.0) & (chain.years > LEAST_YEARS)
        rows = [int(r) for r in np.flatnonzero(far) if int(key[r]) not in taken]
        chosen = [int(r) for r in rng.permutation(rows)[:WIDE_WINGS]]
        taken.update(int(key[r]) for r in chosen)
        return chosen

    def _note(self, date: dt.date, kind: str, what: str) -> None:
        self.found.append(Decoy(date, self._market.spec.symbol, "", kind, what))
