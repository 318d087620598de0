"""The columns of the lake's layers (see docs/data-dictionary.md for their meaning and units).

Every layer keeps one total order: underlying, ts, expiry, right, strike, (contract_id).
"""

import pyarrow as pa

TS = pa.timestamp("us", tz="UTC")
KEY = pa.dictionary(pa.int32(), pa.string())
F64 = pa.float64()

#: What an adapter delivers: one underlying, one session, units as documented, missing is null.
QUOTE_SCHEMA = pa.schema(
    [
        pa.field("underlying", KEY, nullable=False),
        pa.field("root", KEY, nullable=False),
        pa.field("symbol", KEY, nullable=False),
        pa.field("trade_date", pa.date32(), nullable=False),
        pa.field("snapshot_id", pa.int32(), nullable=False),
        pa.field("ts", TS, nullable=False),
        pa.field("quote_ts", TS),
        pa.field("last_trade_ts", TS),
        pa.field("known_at", TS, nullable=False),
        pa.field("expiry", pa.date32(), nullable=False),
        pa.field("last_trade_date", pa.date32(), nullable=False),
        pa.field("settles_at", TS, nullable=False),
        pa.field("settlement_time", KEY, nullable=False),
        pa.field("settlement_type", KEY, nullable=False),
        pa.field("right", KEY, nullable=False),
        pa.field("style", KEY, nullable=False),
        pa.field("strike", F64, nullable=False),
        pa.field("multiplier", F64, nullable=False),
        pa.field("bid", F64),
        pa.field("ask", F64),
        pa.field("last", F64),
        pa.field("mark", F64),
        pa.field("bid_size", F64),
        pa.field("ask_size", F64),
        pa.field("volume", F64),
        pa.field("open_interest", F64),
        pa.field("quote_currency", KEY, nullable=False),
        pa.field("settlement_currency", KEY, nullable=False),
        pa.field("spot", F64),
        pa.field("vendor_forward", F64),
        pa.field("vendor_iv", F64),
        pa.field("vendor_delta", F64),
        pa.field("vendor_gamma", F64),
        pa.field("vendor_vega", F64),
        pa.field("vendor_theta", F64),
        pa.field("source", KEY, nullable=False),
        pa.field("harvest_id", KEY, nullable=False),
    ]
)

#: A quote that failed a row check, with every reason that applies; ``raw`` holds the vendor's own text where
#: the row could not be typed at all (then every other column but underlying and trade_date may be null).
QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field(f.name, f.type, nullable=f.name not in ("underlying", "trade_date", "source"))
        for f in QUOTE_SCHEMA
    ]
    + [
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        pa.field("raw", pa.string()),
    ]
)

#: Listed view plus adjusted view, point in time.
ADJUSTED_SCHEMA = pa.schema(
    [pa.field("contract_id", pa.int64(), nullable=False)]
    + list(QUOTE_SCHEMA)
    + [
        pa.field("original_root", KEY, nullable=False),
        pa.field("original_strike", F64, nullable=False),
        pa.field("listing_era", KEY, nullable=False),
        pa.field("adjustment_factor", F64, nullable=False),
        pa.field("adjusted_strike", F64, nullable=False),
        pa.field("adjusted_multiplier", F64, nullable=False),
        pa.field("deliverable", KEY, nullable=False),
        pa.field("underlying_price_factor", F64, nullable=False),
        pa.field("open_interest_listed", F64),
        pa.field("open_interest_basis", KEY, nullable=False),
    ]
)

#: A row that the vendor lists under terms from before an event, as it stands there; the contract's own row is in the
#: adjusted layer.
SUPERSEDED_SCHEMA = pa.schema(
    [pa.field("contract_id", pa.int64(), nullable=False)]
    + list(QUOTE_SCHEMA)
    + [
        pa.field("root_in_force", KEY, nullable=False),
        pa.field("strike_in_force", F64, nullable=False),
        pa.field("reason", KEY, nullable=False),
    ]
)

#: Adjusted quotes plus forward, discount, implied volatility, Greeks, age and grade.
CHAIN_SCHEMA = pa.schema(
    list(ADJUSTED_SCHEMA)
    + [
        pa.field("forward", F64),
        pa.field("discount", F64),
        pa.field("forward_method", KEY, nullable=False),
        pa.field("year_fraction", F64, nullable=False),
        pa.field("model", KEY, nullable=False),
        pa.field("iv", F64),
        pa.field("iv_bid", F64),
        pa.field("iv_ask", F64),
        pa.field("iv_status", KEY, nullable=False),
        pa.field("delta", F64),
        pa.field("gamma", F64),
        pa.field("vega_per_vol_point", F64),
        pa.field("theta_per_day", F64),
        pa.field("rho_per_pct", F64),
        pa.field("early_exercise_premium", F64),
        pa.field("quote_age_seconds", F64),
        pa.field("grade", KEY, nullable=False),
    ]
)

#: One expiry of one root at one instant: its SVI slice, how it fits, and whether it admits arbitrage.
SURFACE_SCHEMA = pa.schema(
    [
        pa.field("underlying", KEY, nullable=False),
        pa.field("trade_date", pa.date32(), nullable=False),
        pa.field("snapshot_id", pa.int32(), nullable=False),
        pa.field("ts", TS, nullable=False),
        pa.field("known_at", TS, nullable=False),
        pa.field("root", KEY, nullable=False),
        pa.field("expiry", pa.date32(), nullable=False),
        pa.field("settles_at", TS, nullable=False),
        pa.field("year_fraction", F64, nullable=False),
        pa.field("forward", F64, nullable=False),
        pa.field("quotes", pa.int32(), nullable=False),
        pa.field("slice_source", KEY, nullable=False),
        pa.field("fit_status", KEY, nullable=False),
        pa.field("svi_a", F64),
        pa.field("svi_b", F64),
        pa.field("svi_rho", F64),
        pa.field("svi_m", F64),
        pa.field("svi_sigma", F64),
        pa.field("atm_iv", F64),
        pa.field("atm_skew", F64),
        pa.field("rms_error", F64),
        pa.field("worst_density", F64),
        pa.field("worst_crossing", F64),
        pa.field("strip_iv", F64),
        pa.field("strip_options", pa.int32(), nullable=False),
        pa.field("strip_status", KEY, nullable=False),
    ]
)

#: Daily prices of the underlyings of a universe. ``settlement_price`` is the venue's official one (opening
#: print for AM settlement, delivery price for coins); null where the source has none, never a substitute.
UNDERLYING_SCHEMA = pa.schema(
    [
        pa.field("underlying", KEY, nullable=False),
        pa.field("trade_date", pa.date32(), nullable=False),
        pa.field("ts", TS, nullable=False),
        pa.field("known_at", TS, nullable=False),
        pa.field("open", F64),
        pa.field("high", F64),
        pa.field("low", F64),
        pa.field("close", F64),
        pa.field("settlement_price", F64),
        pa.field("volume", F64),
        pa.field("currency", KEY, nullable=False),
        pa.field("source", KEY, nullable=False),
    ]
)

#: One row per tenor: continuously compounded zero rate (decimal, act/365) known on trade_date.
RATES_SCHEMA = pa.schema(
    [
        pa.field("trade_date", pa.date32(), nullable=False),
        pa.field("currency", KEY, nullable=False),
        pa.field("series", KEY, nullable=False),
        pa.field("tenor_days", pa.int32(), nullable=False),
        pa.field("rate", F64, nullable=False),
        pa.field("observation_date", pa.date32(), nullable=False),
        pa.field("known_at", TS, nullable=False),
        pa.field("source", KEY, nullable=False),
    ]
)

#: One event of one underlying. ``memos``: the adjustment of each option root, one line of canonical JSON each.
CORPORATE_ACTION_SCHEMA = pa.schema(
    [
        pa.field("underlying", KEY, nullable=False),
        pa.field("effective_date", pa.date32(), nullable=False),
        pa.field("kind", KEY, nullable=False),
        pa.field("new_shares", F64, nullable=False),
        pa.field("old_shares", F64, nullable=False),
        pa.field("cash_amount", F64, nullable=False),
        pa.field("currency", KEY, nullable=False),
        pa.field("known_at", TS, nullable=False),
        pa.field("source", KEY, nullable=False),
        pa.field("announced_at", TS),
        pa.field("new_security", KEY),
        pa.field("security_value", F64),
        pa.field("basis_kept", F64),
        pa.field("cash_in_lieu_price", F64),
        pa.field("memos", pa.list_(pa.string()), nullable=False),
    ]
)

#: One value of one published rate series, as quoted; ``value`` is null where the source has none.
RATE_OBSERVATION_SCHEMA = pa.schema(
    [
        pa.field("series", KEY, nullable=False),
        pa.field("observation_date", pa.date32(), nullable=False),
        pa.field("value", F64),
        pa.field("known_at", TS, nullable=False),
        pa.field("source", KEY, nullable=False),
    ]
)

#: Daily bars of an index, an ETF or a coin, on the share basis of their own day (never back-adjusted).
INDEX_HISTORY_SCHEMA = pa.schema(
    [
        pa.field("name", KEY, nullable=False),
        pa.field("trade_date", pa.date32(), nullable=False),
        pa.field("ts", TS, nullable=False),
        pa.field("known_at", TS, nullable=False),
        pa.field("open", F64),
        pa.field("high", F64),
        pa.field("low", F64),
        pa.field("close", F64, nullable=False),
        pa.field("volume", F64),
        pa.field("source", KEY, nullable=False),
    ]
)

EARNINGS_SCHEMA = pa.schema(
    [
        pa.field("underlying", KEY, nullable=False),
        pa.field("earnings_date", pa.date32(), nullable=False),
        pa.field("timing", KEY, nullable=False),
        pa.field("known_at", TS, nullable=False),
        pa.field("source", KEY, nullable=False),
    ]
)

#: A row of a reference file that is not used, with every reason; ``raw`` is the vendor's own text. Symbol and
#: day are null where the row does not say them, or not legibly.
REFERENCE_QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("source", KEY, nullable=False),
        pa.field("file", KEY, nullable=False),
        pa.field("symbol", KEY),
        pa.field("day", pa.date32()),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        pa.field("raw", pa.string(), nullable=False),
    ]
)

SORT_KEYS = ("underlying", "ts", "expiry", "right", "strike")
