"""What a strategy sees of its own book."""

from dataclasses import dataclass

from engine.instruments.terms import Right


@dataclass(frozen=True, slots=True)
class OptionLegView:
    """An open option leg; ``mark`` is its last mid per unit of underlying."""

    contract_id: int
    root: str
    right: Right
    strike: float
    multiplier: float
    expiry_days: int
    quantity: float
    mark: float


@dataclass(frozen=True, slots=True)
class PackageView:
    """An open package.

    Attributes
    ----------
    packages
        Packages traded at entry; a split multiplies legs, not this.
    entry_value
        Cash received (+) or paid (-) at entry, without fees.
    profit_before_fees
        Cash so far plus marks at mid.
    shares
        Units of the underlying held.
    other_securities
        What corporate actions handed out: (name, units) each; closing the package sells it.
    busy
        An order to close or extend it is on its way, or it only waits for a settlement price.
    """

    package_id: int
    packages: float
    entry_us: int
    entry_day: int
    entry_value: float
    profit_before_fees: float
    options: tuple[OptionLegView, ...]
    shares: float
    other_securities: tuple[tuple[str, float], ...]
    busy: bool

    @property
    def nearest_expiry_days(self) -> int | None:
        return min((leg.expiry_days for leg in self.options), default=None)


@dataclass(frozen=True, slots=True)
class PortfolioView:
    """The book at a decision. ``can_open`` is False while halted, full, or once a session has had its entry."""

    nav: float
    cash: float
    packages: tuple[PackageView, ...]
    can_open: bool
    halted: bool
