"""The corporate actions that a position has to survive."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from engine.corporate_actions.memos import OptionMemo


class ActionKind(StrEnum):
    """What happens to a share. How option contracts follow is said by memos or by the standing rules."""

    SPLIT = "split"
    STOCK_DIVIDEND = "stock_dividend"
    CASH_DIVIDEND = "cash_dividend"
    SPECIAL_DIVIDEND = "special_dividend"
    CAPITAL_GAIN = "capital_gain"
    SPIN_OFF = "spin_off"
    RIGHTS = "rights"
    MERGER = "merger"
    SYMBOL_CHANGE = "symbol_change"
    LIQUIDATION = "liquidation"
    #: a memo alone: cash in lieu that is fixed later, a deliverable that is corrected
    CONTRACT_ADJUSTMENT = "contract_adjustment"


#: new_shares for old_shares of the same security
SHARE_BASIS = frozenset({ActionKind.SPLIT, ActionKind.STOCK_DIVIDEND})
#: cash on each share, which itself goes on
CASH_PAYMENTS = frozenset({ActionKind.CASH_DIVIDEND, ActionKind.SPECIAL_DIVIDEND, ActionKind.CAPITAL_GAIN})
#: units of another security on each share, which itself goes on
DISTRIBUTIONS = frozenset({ActionKind.SPIN_OFF, ActionKind.RIGHTS})
#: the share ends
FINAL = frozenset({ActionKind.MERGER, ActionKind.LIQUIDATION})

#: Order within one date: the share basis first, so that amounts per share mean the new share, as vendors quote
#: the amount of a dividend whose ex-date is a split's.
ORDER_OF_DAY: dict[ActionKind, int] = {
    kind: place
    for place, kind in enumerate(
        (
            ActionKind.SPLIT,
            ActionKind.STOCK_DIVIDEND,
            ActionKind.CASH_DIVIDEND,
            ActionKind.SPECIAL_DIVIDEND,
            ActionKind.CAPITAL_GAIN,
            ActionKind.SPIN_OFF,
            ActionKind.RIGHTS,
            ActionKind.MERGER,
            ActionKind.LIQUIDATION,
            ActionKind.CONTRACT_ADJUSTMENT,
            ActionKind.SYMBOL_CHANGE,
        )
    )
}


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """One event of one underlying.

    Attributes
    ----------
    effective_date
        First session on which the underlying trades on the new basis (the ex-date).
    new_shares, old_shares
        ``new_shares`` come for ``old_shares``. Splits and stock dividends: of the same security (4-for-1: 4, 1; a
        dividend of 5%: 105, 100). Spin-offs, rights and mergers: units of ``new_security`` for shares of the
        underlying. 1, 1 otherwise.
    cash_amount
        Per share of the underlying in ``currency``: a dividend, the cash of a merger or a liquidation.
    known_at_us
        UTC microseconds from which a trader could know the event; nothing may use it earlier.
    announced_at_us
        When it was announced, None where no source says.
    new_security
        What is distributed, what the merger pays in, or the new symbol.
    security_value
        Price of one unit of ``new_security`` at the effective time, None where no source says.
    basis_kept
        Share of the cost basis that stays with the old security (the issuer's statement), None: by value.
    cash_in_lieu_price
        Price of a whole new share at which fractions are paid out, None: the mark.
    memos
        The adjustment of each option root; empty: the standing rules apply.
    """

    underlying: str
    effective_date: dt.date
    kind: ActionKind
    new_shares: float
    old_shares: float
    cash_amount: float
    currency: str
    known_at_us: int
    source: str = ""
    announced_at_us: int | None = None
    new_security: str = ""
    security_value: float | None = None
    basis_kept: float | None = None
    cash_in_lieu_price: float | None = None
    memos: tuple[OptionMemo, ...] = ()

    def __lt__(self, other: "CorporateAction") -> bool:
        mine, theirs = self._place(), other._place()
        # the representation settles what is left, so that the order of a list never depends on its source
        return mine < theirs if mine != theirs else repr(self) < repr(other)

    def _place(self) -> tuple[str, dt.date, int]:
        return self.underlying, self.effective_date, ORDER_OF_DAY[self.kind]

    @property
    def share_ratio(self) -> float:
        """Units of the new kind per old share, whatever the new kind is."""
        return self.new_shares / self.old_shares

    @property
    def split_ratio(self) -> float:
        """New shares per old share of the same security: 1 where the share basis does not change."""
        return self.share_ratio if self.kind in SHARE_BASIS else 1.0

    def __str__(self) -> str:
        return f"{self.underlying} {self.describe()} of {self.effective_date}"

    def describe(self) -> str:
        """The event in a few words."""
        n, m = f"{self.new_shares:.10g}", f"{self.old_shares:.10g}"
        cash = f"{self.currency} {self.cash_amount:.10g}"
        match self.kind:
            case ActionKind.SPLIT:
                return f"{n}-for-{m} split"
            case ActionKind.STOCK_DIVIDEND:
                return f"stock dividend of {100 * (self.share_ratio - 1):.6g}%"
            case ActionKind.CASH_DIVIDEND:
                return f"dividend of {cash}"
            case ActionKind.SPECIAL_DIVIDEND:
                return f"special dividend of {cash}"
            case ActionKind.CAPITAL_GAIN:
                return f"capital-gain distribution of {cash}"
            case ActionKind.SPIN_OFF:
                return f"spin-off of {n} {self.new_security} for {m}"
            case ActionKind.RIGHTS:
                return f"issue of {n} rights {self.new_security} for {m}"
            case ActionKind.MERGER:
                stock = f"{n} {self.new_security} for {m}" if self.new_security else ""
                return "merger for " + " and ".join(p for p in (stock, cash if self.cash_amount else "") if p)
            case ActionKind.SYMBOL_CHANGE:
                return f"change of symbol to {self.new_security}"
            case ActionKind.LIQUIDATION:
                return f"liquidation at {cash}"
            case ActionKind.CONTRACT_ADJUSTMENT:
                return "adjustment of contracts"
