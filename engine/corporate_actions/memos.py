"""What a clearing house's memo says about the option contracts of one root: terms as published, nothing derived."""

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.instruments.deliverable import Deliverable

#: strikes miss their grid by float noise only
_NOISE = 1e-6


class InvalidMemoError(ValueError):
    """Memo fields that contradict each other."""


@dataclass(frozen=True, slots=True)
class OptionMemo:
    """How the contracts of one root are adjusted by one event.

    Attributes
    ----------
    old_root, new_root
        Root before and after; equal where the symbol stays. ``""`` in both: every root of the underlying.
    contracts
        Contracts that one contract becomes (7 in a 7-for-1 split, else 1).
    strike_divisor, strike_reduction
        The new strike is ``(strike - strike_reduction) / strike_divisor``.
    strike_grid
        The step to which new strikes are rounded, half a step up: 0.01 today, 0.125 while strikes were in eighths.
    multiplier
        Units by which premium and strike are multiplied after the event; None: as before.
    deliverable
        What one contract delivers after the event; None: as before.
    expires_on
        The date to which the expiry of every contract is brought forward (all-cash deliverables, since 2008); None
        otherwise.
    number
        The memo's own number, as printed.
    """

    old_root: str = ""
    new_root: str = ""
    contracts: float = 1.0
    strike_divisor: float = 1.0
    strike_reduction: float = 0.0
    strike_grid: float = 0.01
    multiplier: float | None = None
    deliverable: Deliverable | None = None
    expires_on: dt.date | None = None
    number: str = ""

    def __post_init__(self) -> None:
        faults = []
        if bool(self.old_root) != bool(self.new_root):
            faults.append("old_root and new_root are given both or not at all")
        positive = {
            "contracts": self.contracts,
            "strike_divisor": self.strike_divisor,
            "strike_grid": self.strike_grid,
            "multiplier": 1.0 if self.multiplier is None else self.multiplier,
        }
        faults += [f"{name} {value!r} is not above 0" for name, value in positive.items() if not value > 0]
        if self.strike_reduction < 0:
            faults.append(f"strike_reduction {self.strike_reduction!r} is below 0")
        if faults:
            raise InvalidMemoError(f"memo {self.number or '(no number)'}: {'; '.join(faults)}")

    @property
    def moves_root(self) -> bool:
        return self.old_root != self.new_root

    @property
    def consolidates(self) -> bool:
        """Whether an adjusted root joins the standard one again, whose contracts are there already (SHLD2 to SHLD).

        The clearing house marks adjusted roots by a digit at the end, and only those.
        """
        return self.moves_root and self.old_root[-1:].isdigit() and not self.new_root[-1:].isdigit()

    @property
    def changes_strike(self) -> bool:
        return self.strike_divisor != 1.0 or self.strike_reduction != 0.0

    def concerns(self, root: str) -> bool:
        """Whether contracts that stand under this root before the event are adjusted."""
        return self.old_root in ("", root)

    def root_after(self, root: str) -> str:
        return self.new_root or root

    def strike_after(self, strike: ArrayLike) -> NDArray[np.float64]:
        """New strikes: divided, reduced, and rounded to the grid, half a step up (float64[n]).

        The direction of ties is CRWD's in its 4-for-1 split of 2026-07-02: 532.50 became 133.13.
        """
        old = np.asarray(strike, dtype=np.float64)
        if not self.changes_strike:
            return old.copy()
        steps = (old - self.strike_reduction) / self.strike_divisor / self.strike_grid
        return _on_grid(np.floor(steps + 0.5 + _NOISE), self.strike_grid)

    def strike_before(self, strike: ArrayLike) -> NDArray[np.float64]:
        """The unrounded inverse of :meth:`strike_after`, float64[n]."""
        return np.asarray(strike, dtype=np.float64) * self.strike_divisor + self.strike_reduction


def _on_grid(steps: NDArray[np.float64], grid: float) -> NDArray[np.float64]:
    # through the reciprocal where it is whole (0.01 -> 100): 9286 / 100 is the float nearest to 92.86
    per_unit = 1.0 / grid
    whole = round(per_unit)
    return np.asarray(steps / whole if abs(per_unit - whole) < 1e-9 else steps * grid, dtype=np.float64)


def to_the_cent(amount: float) -> float:
    """Money as it is paid: rounded to the cent, half a cent away from zero, by its decimal digits."""
    return float(Decimal(repr(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP))
