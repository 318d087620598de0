"""Every kind of defect that can be planted: where, how small, and which checks of the quality suite should find it.

Data only: ``row_defects``, ``day_defects`` and ``table_defects`` make them; sessions' kinds stand in ``day_catalogue``.
"""

from resources.generator.planted.day_catalogue import DAY_KINDS
from resources.generator.planted.defect_kind import BOTH, CBOE, DERIBIT, DefectKind
from resources.generator.specs import VendorLayout

#: rows of a kind planted by default, and sessions
DEFAULT_ROWS, DEFAULT_DAYS = 12, 1


def _row(
    name: str, what: str, smallest: str, *found_by: str, layouts=BOTH, also: tuple[str, ...] = ()
) -> DefectKind:
    return DefectKind(name, "row", what, smallest, found_by, layouts, also)


def _table(name: str, what: str, smallest: str, *also: str) -> DefectKind:
    return DefectKind(name, "table", what, smallest, (name,), BOTH, also)


#: a row that cannot be typed is also a contract that is gone
_UNTYPED = ("untyped_rows", "vanished_contracts")

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

#: what is put among the corporate actions of the score's own lake, so that the set's own stay those of its market
RECORD_KINDS = (
    DefectKind(
        "phantom_split",
        "day",
        "a split on record that the data do not show",
        "3 for 2",
        ("recorded_splits",),
        CBOE,
        also=("spot_jump", "vanished_contracts", "vanished_expiries"),
    ),
)

KINDS: dict[str, DefectKind] = {k.name: k for k in (*ROW_KINDS, *DAY_KINDS)}
PARSED_KINDS: dict[str, DefectKind] = {k.name: k for k in TABLE_KINDS}
RECORDED_KINDS: dict[str, DefectKind] = {k.name: k for k in RECORD_KINDS}


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
