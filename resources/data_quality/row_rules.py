"""Row rules: which quotes go on, which are quarantined, and why. Nothing is dropped.

Locked, one-sided and wide quotes are real markets: they stay, and are graded later.
"""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.data_quality.catalogue import ROW_CHECKS
from resources.data_quality.columns import (
    MISSING_DAYS,
    Bools,
    bit_patterns,
    codes,
    days,
    floats,
    instants_us,
    labels_equal,
    null_mask,
    require_columns,
)
from resources.data_quality.contract_keys import contract_codes
from resources.data_quality.quote_counts import coin_rows, count_quotes
from resources.data_quality.row_verdict import RowVerdict
from resources.schemas import QUARANTINE_SCHEMA, QUOTE_SCHEMA
from resources.universe import QualitySpec

KEY_FIELDS = ("underlying", "root", "symbol", "trade_date", "snapshot_id", "expiry", "right", "strike")
TIME_FIELDS = ("ts", "known_at", "settles_at")
TERM_FIELDS = tuple(
    field.name
    for field in QUOTE_SCHEMA
    if not field.nullable and field.name not in KEY_FIELDS and field.name not in TIME_FIELDS
)
PRICE_FIELDS = ("bid", "ask", "last", "mark")
AMOUNT_FIELDS = ("bid_size", "ask_size", "volume", "open_interest")
FLOAT_FIELDS = tuple(field.name for field in QUOTE_SCHEMA if pa.types.is_floating(field.type))

#: Every rule, in the order in which a row's reasons are listed.
ROW_RULES: dict[str, str] = {check.name: check.catches for check in ROW_CHECKS}

#: counters of ``quote_counts`` that must be 0 where no row breaks a rule
_DEFECTS = (
    *("crossed", "zero_quote", "negative_quote", "not_a_number", "zero_strike", "bad_spot", "expired"),
    *("absurd_price", "duplicates", "unsorted"),
)
#: microseconds by which known_at may differ from ts plus the delay: both are rounded
_KNOWN_AT_TOLERANCE_US = 10**6

UNKNOWN = "(unknown)"


def apply_row_rules(
    quotes: pa.Table, trade_date: dt.date, spec: QualitySpec, *, known_after_minutes: float | None = None
) -> RowVerdict:
    """Split quotes into clean and quarantined rows.

    Counters decide first; masks of rows are computed only where a counter is not 0.

    Parameters
    ----------
    quotes
        Rows of one underlying and session, columns of ``QUOTE_SCHEMA``; any of them may be null here. The
        rows of a snapshot lie together.
    trade_date
        The partition's session.
    spec
        The universe's severities: a rule that is not critical flags its rows and lets them stay.
    known_after_minutes
        The delay that the universe declares; None: not judged.

    Raises
    ------
    QuoteTableError
        If columns are missing, unknown or of another type.
    """
    require_columns(quotes, QUOTE_SCHEMA, f"the quote table of {trade_date}")
    counts = count_quotes(quotes, trade_date, spec)
    nothing: dict[str, int] = dict.fromkeys(ROW_RULES, 0)
    suspect = any(counts.of(counter).any() for counter in _DEFECTS)
    if not suspect and _sound_elsewhere(quotes, trade_date, known_after_minutes):
        empty = QUARANTINE_SCHEMA.empty_table()
        return RowVerdict(_canonical(quotes), empty, nothing, counts, None, {})
    found = _flags(quotes, trade_date, known_after_minutes)
    severities = {rule: spec.severity(rule) for rule in ROW_RULES}
    flags = {rule: found[rule] for rule in ROW_RULES if severities[rule] != "off"}
    acting = [rule for rule in flags if severities[rule] == "critical"]
    matrix = np.stack([flags[rule] for rule in acting])
    bad: Bools = np.asarray(matrix.any(axis=0))
    clean = quotes if not bad.any() else quotes.filter(pa.array(~bad))
    return RowVerdict(
        clean=_canonical(clean),
        quarantined=_quarantine(quotes, matrix, acting, bad, trade_date),
        failures=nothing | {rule: int(mask.sum()) for rule, mask in flags.items()},
        counts=counts,
        bad=bad if bad.any() else None,
        flags=flags,
    )


def _canonical(quotes: pa.Table) -> pa.Table:
    """In the schema of the layer; the table itself where it is so, so that its columns are known."""
    return quotes if quotes.schema.equals(QUOTE_SCHEMA, check_metadata=True) else quotes.cast(QUOTE_SCHEMA)


def _sound_elsewhere(quotes: pa.Table, trade_date: dt.date, known_after_minutes: float | None) -> bool:
    """Whether the columns that ``quote_counts`` does not read hold nothing that a rule could object to."""
    for field in QUOTE_SCHEMA:
        if not field.nullable and quotes.column(field.name).null_count:
            return False
        if pa.types.is_dictionary(field.type) and not field.nullable and _blank(quotes, field.name):
            return False
    if quotes.num_rows == 0:
        return True
    right, names = codes(quotes, "right")
    known_rights = np.array([name in ("C", "P") for name in names])
    day = (trade_date - dt.date(1970, 1, 1)).days
    trade_day = days(quotes, "trade_date")
    if not known_rights.all() and not known_rights[right].all():
        return False
    if int(trade_day.min()) != day or int(trade_day.max()) != day:
        return False
    delay = instants_us(quotes, "known_at") - instants_us(quotes, "ts")
    if int(delay.min()) < 0 or int(delay.max()) > _latest_delay_us(known_after_minutes):
        return False
    for name in FLOAT_FIELDS:
        null_count = quotes.column(name).null_count
        if null_count == quotes.num_rows:
            continue
        values = floats(quotes, name)
        low, high = np.fmin.reduce(values), np.fmax.reduce(values)
        least = 0.0 if name in PRICE_FIELDS or name in AMOUNT_FIELDS else -np.inf
        if low < least or not (np.isfinite(low) and np.isfinite(high)):
            return False
        if np.isnan(values).sum() != null_count:
            return False
    return bool(floats(quotes, "multiplier").min() > 0)


def _blank(quotes: pa.Table, name: str) -> bool:
    """Whether a row of the column holds the empty string; looked for only where the dictionary has it."""
    column = quotes.column(name)
    chunks = (column.chunk(i) for i in range(column.num_chunks))
    return any("" in chunk.dictionary.to_pylist() for chunk in chunks) and bool(
        (codes(quotes, name)[0] < 0).any()
    )


def _latest_delay_us(known_after_minutes: float | None) -> int:
    """Microseconds between ts and known_at from which on a quote came too late."""
    if known_after_minutes is None:
        return int(np.iinfo(np.int64).max)
    return round(known_after_minutes * 60e6) + _KNOWN_AT_TOLERANCE_US


def _flags(quotes: pa.Table, trade_date: dt.date, known_after_minutes: float | None) -> dict[str, Bools]:
    rows = quotes.num_rows
    numbers = {name: floats(quotes, name) for name in FLOAT_FIELDS}
    day = (trade_date - dt.date(1970, 1, 1)).days
    trade_day, expiry, last_trade = (days(quotes, n) for n in ("trade_date", "expiry", "last_trade_date"))
    calls, puts = labels_equal(quotes, "right", "C"), labels_equal(quotes, "right", "P")
    right_codes, _ = codes(quotes, "right")
    strike_nan = np.isnan(numbers["strike"])
    code = contract_codes([quotes], with_ts=True)[0]
    has_ts = null_mask(quotes, "ts")
    keyed = code >= 0 if has_ts is None else (code >= 0) & ~has_ts
    ts, known_at = instants_us(quotes, "ts"), instants_us(quotes, "known_at")
    timed = ~_any_missing(quotes, ("ts", "known_at"), rows)
    return {
        "missing_key": _any_missing(quotes, KEY_FIELDS, rows) | strike_nan,
        "missing_time": _any_missing(quotes, TIME_FIELDS, rows),
        "missing_term": _any_missing(quotes, TERM_FIELDS, rows),
        "unknown_right": (right_codes >= 0) & ~calls & ~puts,
        "other_trade_date": (trade_day != MISSING_DAYS) & (trade_day != day),
        "nan_value": _nan_not_null(quotes, numbers, rows),
        "not_finite": _any([np.isinf(values) for values in numbers.values()], rows),
        "negative_price": _any([numbers[name] < 0 for name in PRICE_FIELDS], rows),
        "zero_quote": (numbers["bid"] == 0) | (numbers["ask"] == 0),
        "negative_amount": _any([numbers[name] < 0 for name in AMOUNT_FIELDS], rows),
        "zero_strike": numbers["strike"] <= 0,
        "bad_multiplier": numbers["multiplier"] <= 0,
        "bad_spot": numbers["spot"] <= 0,
        "expired": ((expiry != MISSING_DAYS) & (expiry < day))
        | ((last_trade != MISSING_DAYS) & (last_trade < day)),
        "known_too_early": timed & (known_at < ts),
        "known_too_late": timed & (known_at - np.where(timed, ts, 0) > _latest_delay_us(known_after_minutes)),
        "crossed": numbers["bid"] > numbers["ask"],
        "duplicate_contract": _duplicates(quotes, code, keyed),
        "absurd_price": _absurd(quotes, numbers, calls, puts),
    }


def _any(masks: list[Bools], rows: int) -> Bools:
    found = np.zeros(rows, dtype=np.bool_)
    for mask in masks:
        found |= mask
    return found


def _any_missing(quotes: pa.Table, names: tuple[str, ...], rows: int) -> Bools:
    found = np.zeros(rows, dtype=np.bool_)
    for name in names:
        if pa.types.is_dictionary(quotes.schema.field(name).type):
            found |= codes(quotes, name)[0] < 0
        else:
            mask = null_mask(quotes, name)
            if mask is not None:
                found |= mask
    return found


def _nan_not_null(quotes: pa.Table, numbers: dict[str, np.ndarray], rows: int) -> Bools:
    found = np.zeros(rows, dtype=np.bool_)
    for name, values in numbers.items():
        nan = np.isnan(values)
        if nan.any():
            mask = null_mask(quotes, name)
            found |= nan if mask is None else nan & ~mask
    return found


def _absurd(quotes: pa.Table, numbers: dict[str, np.ndarray], calls: Bools, puts: Bools) -> Bools:
    """Bids that no buyer can mean: they cost more than the most that the option can ever pay.

    A call pays less than one underlying, a put at most its strike. A coin-priced premium is in coins: a call
    below 1, and a put is valued at the forward (spot where the venue sends none) before it meets its strike.
    Only the bid is judged: it is the price that somebody stands ready to pay; a last trade may be old.
    """
    bid, strike = numbers["bid"], numbers["strike"]
    spot = np.where(numbers["spot"] > 0, numbers["spot"], np.nan)  # a bad spot bounds nothing
    coin = coin_rows(quotes)
    coin_value = np.where(np.isnan(numbers["vendor_forward"]), spot, numbers["vendor_forward"])
    absurd_call = calls & np.where(coin, bid > 1.0, bid > spot)
    with np.errstate(invalid="ignore"):  # an infinite bid or forward is already not_finite
        absurd_put = puts & (np.where(coin, bid * coin_value, bid) > strike)
    return absurd_call | absurd_put


def _duplicates(quotes: pa.Table, code: np.ndarray, keyed: Bools) -> Bools:
    """All rows of a repeated key, except the first of a group whose rows are equal in every byte."""
    found = np.zeros(quotes.num_rows, dtype=np.bool_)
    positions = np.flatnonzero(keyed)
    _, inverse, counts = np.unique(code[positions], return_inverse=True, return_counts=True)
    repeated = counts[inverse] > 1
    if not repeated.any():
        return found
    rows = positions[repeated]
    order = np.lexsort((rows, code[rows]))  # by key, then in the order given
    rows = rows[order]
    group_starts = np.flatnonzero(np.r_[True, np.diff(code[rows]) != 0])
    group_of = np.cumsum(np.r_[True, np.diff(code[rows]) != 0]) - 1
    subset = quotes.take(pa.array(rows))
    patterns = np.stack([bit_patterns(subset, name) for name in subset.column_names])
    like_first = (patterns == patterns[:, group_starts[group_of]]).all(axis=0)
    all_alike = np.logical_and.reduceat(like_first, group_starts)
    found[rows] = True
    found[rows[group_starts[all_alike]]] = False
    return found


def _quarantine(
    quotes: pa.Table, matrix: np.ndarray, rules: list[str], bad: Bools, trade_date: dt.date
) -> pa.Table:
    if not bad.any():
        return QUARANTINE_SCHEMA.empty_table()
    rows = quotes.filter(pa.array(bad))
    row_of, rule_of = np.nonzero(matrix[:, bad].T)
    offsets = np.r_[0, np.cumsum(np.bincount(row_of, minlength=rows.num_rows))].astype(np.int32)
    names = pa.array(rules).take(pa.array(rule_of))
    reasons = pa.ListArray.from_arrays(pa.array(offsets), names)
    # these three may not be null in quarantine; the reason missing_key or missing_term says what was so
    filled = {"underlying": UNKNOWN, "source": UNKNOWN, "trade_date": trade_date}
    columns = []
    for field in QUOTE_SCHEMA:
        column = rows.column(field.name)
        if field.name in filled and column.null_count:
            column = _fill(column, filled[field.name], field.type)
        columns.append(column)
    columns += [reasons, pa.nulls(rows.num_rows, pa.string())]
    return pa.table(columns, schema=QUARANTINE_SCHEMA)


def _fill(column: pa.ChunkedArray, value: object, kind: pa.DataType) -> pa.ChunkedArray:
    plain = column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column
    return pc.fill_null(plain, pa.scalar(value, plain.type)).cast(kind)
