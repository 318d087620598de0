"""The underlyings of a universe: what they are called and when, and the terms of their option roots."""

import datetime as dt

from pydantic import Field, model_validator

from engine.instruments.security_master import SymbolInterval
from engine.instruments.terms import ExerciseStyle, SettlementTime, SettlementType, UnderlyingKind
from resources.root_terms import known_sessions, require_known_terms
from resources.universe_fields import Day, StrictModel, WallTime


class RootSpec(StrictModel):
    """Terms of one option root of an underlying; known roots may leave them out (``resources.root_terms``)."""

    root: str = Field(min_length=1, max_length=32)
    style: ExerciseStyle
    settlement_time: SettlementTime
    settlement_type: SettlementType
    multiplier: float = Field(gt=0)
    trading_close: WallTime = "16:00"
    #: first and last session of the root; beside what the table of known roots says
    valid_from: Day | None = None
    valid_to: Day | None = None
    terms_differ_because: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> "RootSpec":
        if self.valid_from is not None and self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(
                f"root {self.root}: valid_to {self.valid_to} is before valid_from {self.valid_from}"
            )
        return self


class SymbolSpec(StrictModel):
    """A ticker that an underlying was known by, from and to included; null: ever, or still."""

    symbol: str = Field(min_length=1, max_length=32)
    valid_from: Day | None = None
    valid_to: Day | None = None


class UnderlyingSpec(StrictModel):
    """One underlying: its permanent id, the name that the vendor's files use, its roots."""

    symbol: str = Field(min_length=1, max_length=32)
    vendor_symbol: str | None = None
    permanent_id: str | None = None
    kind: UnderlyingKind
    roots: tuple[RootSpec, ...] = Field(min_length=1)
    #: tickers over time, for one that was renamed; empty: the symbol, always
    symbols: tuple[SymbolSpec, ...] = ()
    #: its last session
    delisted_after: Day | None = None

    @model_validator(mode="after")
    def _known(self) -> "UnderlyingSpec":
        require_known_terms(self.roots, self.kind)
        return self

    @property
    def source_symbol(self) -> str:
        return self.vendor_symbol or self.symbol

    @property
    def id(self) -> str:
        return self.permanent_id or self.symbol

    def invalid_roots(self, day: dt.date) -> frozenset[str]:
        """Roots that were not traded on a day: before they began, after they ended or after the delisting."""
        if self.delisted_after is not None and day > self.delisted_after:
            return frozenset(root.root for root in self.roots)
        found = set()
        for root in self.roots:
            first, last = known_sessions(root, self.kind)
            first, last = root.valid_from or first, root.valid_to or last
            if (first is not None and day < first) or (last is not None and day > last):
                found.add(root.root)
        return frozenset(found)

    def symbol_intervals(self) -> list[SymbolInterval]:
        """What it was called and when, up to its delisting.

        Raises
        ------
        SecurityMasterError
            A symbol that ends before it begins.
        """
        spans = self.symbols or (SymbolSpec(symbol=self.symbol),)
        ends = [min(filter(None, (s.valid_to, self.delisted_after)), default=None) for s in spans]
        return [
            SymbolInterval(s.symbol, self.id, s.valid_from, end) for s, end in zip(spans, ends, strict=True)
        ]
