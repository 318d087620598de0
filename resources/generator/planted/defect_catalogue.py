"""Every kind of defect that can be planted: where, how small, and which checks of the quality suite should find it.

Data only: ``row_defects``, ``day_defects`` and ``table_defects`` make them.
"""

from dataclasses import dataclass
from typing import Literal

from resources.generator.specs import VendorLayout

Level = Literal["row", "day", "table"]
BOTH = (VendorLayout.CBOE, VendorLayout.DERIBIT)
CBOE = (VendorLayout.CBOE,)
DERIBIT = (VendorLayout.DERIBIT,)
#: rows of a kind planted by default, and sessions
DEFAULT_ROWS, DEFAULT_DAYS = 12, 1


@dataclass(frozen=True)
class DefectKind:
    """One kind.

    Attributes
    ----------
    level
        ``row``: single quotes of a file; ``day``: a whole session's file; ``table``: single quotes after the
        file has been parsed, for columns that the adapter makes and no file can hold wrong.
    smallest
        The smallest size planted; sizes run from obvious down to it.
    found_by
        Checks any of which should find it: a row check, the adapter's reason, ``grade:`` and a quality grade,
        or a check of a snapshot or session.
    also
        Checks that may fail beside it for the same cause, in the same session.
    after
        Checks that may fail for the same cause in the next session.
    least_snapshots
        Snapshots that a session must have for it.
    """

    name: str
    level: Level
    what: str
    smallest: str
    found_by: tuple[str, ...]
    layouts: tuple[VendorLayout, ...] = BOTH
    also: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    least_snapshots: int = 1


def _row(
    name: str, what: str, smallest: str, *found_by: str, layouts=BOTH, also: tuple[str, ...] = ()
) -> DefectKind:
    return DefectKind(name, "row", what, smallest, found_by, layouts, also)


def _day(
    name: str,
    what: str,
    smallest: str,
    *found_by: str,
    layouts=CBOE,
    also: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
    least_snapshots: int = 1,
) -> DefectKind:
    return DefectKind(name, "day", what, smallest, found_by, layouts, also, after, least_snapshots)


def _table(name: str, what: str, smallest: str, *also: str) -> DefectKind:
    return DefectKind(name, "table", what, smallest, (name,), BOTH, also)


_UNTYPED = ("untyped_rows",)

ROW_KINDS = (
    _row("crossed", "the bid stands above the ask", "one tick", "crossed"),
    _row("locked", "the bid equals the ask", "equal", "grade:locked"),
    _row("one_sided", "no bid near the money", "one side", "grade:one_sided"),
    _row("wide", "the spread is several times the middle", "1.2 of the middle", "grade:wide"),
    _row("negative_price", "a bid below 0", "one tick below 0", "negative_price"),
    _row("negative_amount", "a volume below 0", "one unit", "negative_amount"),
    _row(
        "absurd_price",
        "a bid above what the option can ever pay (spot for a call, strike for a put, one coin)",
        "1% above",
        "absurd_price",
    ),
    _row("scaled_price", "bid, ask and last times 10,000", "x 10,000", "absurd_price"),
    _row(
        "price_in_dollars",
        "a coin premium in dollars",
        "x the forward",
        "absurd_price",
        layouts=DERIBIT,
    ),
    _row(
        "copied_row",
        "a row that stands in the file twice",
        "equal in every byte",
        "duplicate_contract",
        also=("duplicate_keys",),
    ),
    _row(
        "conflicting_rows",
        "a contract that stands in the file twice with two asks",
        "one tick apart",
        "duplicate_contract",
        also=("duplicate_keys",),
    ),
    _row(
        "expired_contract",
        "a contract that has expired",
        "1 day ago",
        "expired",
        also=("expired_contracts",),
    ),
    _row("zero_strike", "a strike of 0", "0", "zero_strike"),
    _row(
        "unknown_right",
        "a right that is neither C nor P",
        "one letter",
        "untyped:right",
        "untyped:option_type",
        also=_UNTYPED,
    ),
    _row("missing_expiry", "the expiry is empty", "one field", "untyped:expiry", also=_UNTYPED),
    _row("missing_strike", "the strike is empty", "one field", "untyped:strike", also=_UNTYPED),
    _row("text_for_number", "the bid is a word", "one field", "untyped:bid", also=_UNTYPED),
    _row("infinite_price", "the ask is infinite", "inf", "not_finite", "untyped:ask", also=_UNTYPED),
    _row(
        "missing_column_value",
        "a row that ends before its last columns",
        "half a row",
        "untyped:row",
        also=_UNTYPED,
    ),
    _row(
        "expiry_out_of_range",
        "an expiry in another century",
        "15 years ahead",
        "expiry_out_of_range",
        also=_UNTYPED,
    ),
    _row("other_day_row", "a row of another session", "the next session", "other_day", also=_UNTYPED),
    _row(
        "unknown_root", "a symbol of another root", "one letter", "unknown_root", layouts=CBOE, also=_UNTYPED
    ),
    _row(
        "symbol_disagrees",
        "the symbol names another strike or right than the columns",
        "one strike",
        "symbol_disagrees",
        layouts=CBOE,
        also=_UNTYPED,
    ),
    _row(
        "other_ticker", "a row of another ticker", "one row", "other_underlying", layouts=CBOE, also=_UNTYPED
    ),
)

#: what prices that are wrong may also break, and what a session after them shows against them
_STRUCTURE = (
    *("price_unit", "vendor_iv_unit", "absurdly_wide", "below_intrinsic", "parity", "butterfly"),
    *("calendar_spread", "smile_outliers", "volatility_jumps"),
)
_AFTER = ("volatility_jumps", "spot_jump")
_GONE = ("vanished_contracts", "vanished_expiries")
_TIMES = ("last_trade", "repeated_quotes", "repeated_trades")
_FILE = (
    "row_count",
    "quoted_rows",
    "quarantined_fraction",
    "missing_fields",
    "row_ratio",
    "off_grid_strikes",
    *_GONE,
)

DAY_KINDS = (
    _day("missing_day", "no file for a session", "one session", "present", layouts=BOTH),
    _day("truncated_file", "the gzip stream ends early", "the last 1% is missing", "readable", layouts=BOTH),
    _day(
        "empty_file",
        "a file without rows",
        "a header alone",
        "row_count",
        "readable",
        layouts=BOTH,
        also=_FILE,
    ),
    _day(
        "repeated_day",
        "the session before once more, with its payload time",
        "all of it",
        "session",
        "readable",
        layouts=BOTH,
        also=_TIMES,
    ),
    _day(
        "repeated_quotes",
        "quotes and trades of the session before under this session's times",
        "97% of the contracts",
        "repeated_quotes",
        also=("repeated_trades", "last_trade", *_STRUCTURE),
        after=_AFTER,
    ),
    _day(
        "repeated_trades",
        "new quotes over the trades of the session before",
        "97% of the traded contracts",
        "repeated_trades",
        also=("last_trade",),
    ),
    _day(
        "late_file",
        "the content of the next session: who trades on it looks ahead",
        "one session",
        "session",
        "readable",
        layouts=BOTH,
        also=(*_TIMES, *_GONE),
        after=("repeated_quotes", "repeated_trades", *_AFTER),
    ),
    _day("early_file", "taken before the close", "1 minute before", "session_complete", also=("last_trade",)),
    _day("other_session", "every row says that it is of the session before", "one day", "readable"),
    _day("other_underlying", "every row is of another ticker", "one ticker", "readable"),
    _day("no_underlying_line", "the underlying has no line for the session", "one line", "readable"),
    _day(
        "scaled_day",
        "all prices times 10,000, or in cents",
        "x 100",
        "quarantined_fraction",
        "price_unit",
        also=(*_FILE, *_STRUCTURE),
        after=_AFTER,
    ),
    _day(
        "day_in_dollars",
        "all premiums in dollars",
        "x the forward",
        "quarantined_fraction",
        layouts=DERIBIT,
        also=(*_FILE, *_STRUCTURE),
        after=_AFTER,
    ),
    _day(
        "many_crossed",
        "more crossed quotes than a session may have",
        "2 points above the limit",
        "quarantined_fraction",
        layouts=BOTH,
        also=("crossed",),
    ),
    _day(
        "half_the_rows",
        "most rows are missing",
        "45% of the rows left",
        "row_ratio",
        layouts=BOTH,
        also=(*_GONE, *_STRUCTURE, "off_grid_strikes"),
    ),
    _day("few_rows", "a handful of rows", "one below min_rows", "row_count", layouts=BOTH, also=_FILE),
    _day("no_quotes", "no bid and no ask anywhere", "all", "quoted_rows", layouts=BOTH, also=_FILE),
    _day(
        "missing_spot",
        "the index price is empty in many rows",
        "2 points above the limit",
        "missing_fields",
        layouts=DERIBIT,
    ),
    _day(
        "trade_of_the_future",
        "one contract traded in a later session",
        "one contract, one session",
        "last_trade",
    ),
    _day("old_trades", "no contract traded on the session", "one session back", "last_trade"),
    _day("closed_day", "a file for a day without a session", "one file", "off_calendar"),
    _day(
        "part_unchanged",
        "a file refreshed in part",
        "55% of the contracts as the session before",
        "unchanged_quotes",
        also=_STRUCTURE,
        after=("volatility_jumps",),
    ),
    _day(
        "off_grid_strike",
        "a strike that nobody lists",
        "one row",
        "off_grid_strikes",
        layouts=BOTH,
        also=_STRUCTURE,
    ),
    _day("off_calendar_expiry", "an expiry on a Sunday", "one row", "off_calendar_expiries", after=_GONE),
    _day(
        "vendor_iv_percent", "the vendor's volatilities in percent", "x 100", "vendor_iv_unit", layouts=BOTH
    ),
    _day(
        "absurdly_wide",
        "spreads wider than the option can be worth",
        "2% wider, 2.5% of the quotes",
        "absurdly_wide",
        layouts=BOTH,
        also=_STRUCTURE,
        after=_AFTER,
    ),
    _day(
        "below_intrinsic",
        "offers below what exercise is worth",
        "2.5% of the spot, 2.5% of the quotes",
        "below_intrinsic",
        layouts=BOTH,
        also=_STRUCTURE,
        after=_AFTER,
    ),
    _day(
        "parity",
        "calls dearer than their puts allow",
        "2.5% of the forward, 2.5% of the quotes",
        "parity",
        layouts=BOTH,
        also=_STRUCTURE,
        after=_AFTER,
    ),
    _day(
        "butterfly",
        "bids above what the strikes around them cost",
        "3% above, 2.5% of the quotes",
        "butterfly",
        layouts=BOTH,
        also=_STRUCTURE,
        after=_AFTER,
    ),
    _day(
        "calendar_spread",
        "later expiries offered below the bid of earlier ones",
        "5% below",
        "calendar_spread",
        layouts=BOTH,
        also=_STRUCTURE,
        after=_AFTER,
    ),
    _day(
        "smile_outliers",
        "single volatilities far from their neighbours'",
        "x 1.5, 2.5% of the quotes",
        "smile_outliers",
        layouts=BOTH,
        also=_STRUCTURE,
        after=_AFTER,
    ),
    _day(
        "volatility_jumps",
        "an expiry at another volatility than the day before",
        "x 1.8",
        "volatility_jumps",
        layouts=BOTH,
        also=_STRUCTURE,
        after=_AFTER,
    ),
    _day(
        "spot_jump",
        "a spot that is not that of the options",
        "x 1.3",
        "spot_jump",
        layouts=BOTH,
        also=("missing_fields", *_STRUCTURE),
        after=_AFTER,
    ),
    _day(
        "vanished_expiry",
        "an expiry with open interest is missing",
        "the smallest",
        "vanished_expiries",
        layouts=BOTH,
        also=_GONE,
    ),
    _day(
        "vanished_contracts",
        "contracts with open interest are missing",
        "3% of them",
        "vanished_contracts",
        layouts=BOTH,
    ),
    _day(
        "missing_snapshot",
        "a snapshot within the session is missing",
        "one of them",
        "missing_snapshots",
        layouts=DERIBIT,
        least_snapshots=8,
    ),
    _day(
        "repeated_snapshot",
        "a snapshot shows the one before under its own time",
        "one of them, all of it",
        "repeated_snapshot",
        layouts=DERIBIT,
        least_snapshots=2,
    ),
)

TABLE_KINDS = (
    _table("missing_time", "settles_at is null", "null"),
    _table("missing_term", "the multiplier is null", "null"),
    _table("nan_value", "the bid is NaN, not null", "NaN"),
    _table("not_finite", "open interest is infinite", "inf"),
    _table("zero_quote", "a bid of 0 that should be null", "0"),
    _table("bad_multiplier", "a multiplier of 0", "0"),
    _table("bad_spot", "a spot of 0", "0"),
    _table("known_too_early", "known_at before ts", "2 s"),
    _table("known_too_late", "known_at after ts and the declared delay", "2 s"),
    _table("other_trade_date", "trade_date is the day before", "1 day"),
)

KINDS: dict[str, DefectKind] = {k.name: k for k in (*ROW_KINDS, *DAY_KINDS)}
PARSED_KINDS: dict[str, DefectKind] = {k.name: k for k in TABLE_KINDS}


def kinds_of(layout: VendorLayout, snapshots: int) -> list[DefectKind]:
    """What can be planted into files of a layout, in the order of planting."""
    return [k for k in KINDS.values() if layout in k.layouts and snapshots >= k.least_snapshots]


def checked_kind(name: str, layout: VendorLayout, snapshots: int) -> DefectKind:
    """The kind of this name.

    Raises
    ------
    ValueError
        Naming the kinds that files of the layout can hold.
    """
    kind = KINDS.get(name)
    if kind not in kinds_of(layout, snapshots):
        known = ", ".join(k.name for k in kinds_of(layout, snapshots))
        raise ValueError(
            f"no defect {name!r} can be planted in {layout.value} files of {snapshots} snapshots a session; "
            f"there are {known}"
        )
    return kind
