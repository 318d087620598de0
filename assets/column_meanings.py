"""What the columns of the layers mean, in a line each: what the UI shows beside name and type.

docs/data-dictionary.md says the same at greater length; a test keeps the two complete.
"""

_QUOTE = {
    "underlying": "as the universe names it",
    "root": "option root; with expiry, right and strike it names a contract on one day",
    "symbol": "OSI or venue symbol as listed that day",
    "trade_date": "the session",
    "snapshot_id": "snapshot within the session, from 0",
    "ts": "when the market looked like this",
    "quote_ts": "when this quote was last updated, where the source says",
    "last_trade_ts": "the contract's last trade",
    "known_at": "when a trader could have known it; the clock of the harvest never enters",
    "expiry": "as listed",
    "last_trade_date": "last session on which it trades",
    "settles_at": "the instant to which time is measured",
    "settlement_time": "AM, PM or 08UTC",
    "settlement_type": "cash or physical",
    "right": "C or P",
    "style": "A American, E European",
    "strike": "as listed that day",
    "multiplier": "units of the underlying per contract, as listed",
    "bid": "per unit of the underlying, in quote_currency; null without a quote",
    "ask": "per unit of the underlying, in quote_currency; null without a quote",
    "last": "last trade, per unit of the underlying",
    "mark": "the venue's own mark, per unit of the underlying",
    "bid_size": "contracts",
    "ask_size": "contracts",
    "volume": "traded in the session",
    "open_interest": "contracts",
    "quote_currency": "currency of every price",
    "settlement_currency": "currency of the settlement",
    "spot": "the underlying at ts",
    "vendor_forward": "the vendor's forward of the expiry",
    "vendor_iv": "the vendor's own, decimal; for reconciliation only",
    "vendor_delta": "the vendor's own; for reconciliation only",
    "vendor_gamma": "the vendor's own; for reconciliation only",
    "vendor_vega": "the vendor's own; for reconciliation only",
    "vendor_theta": "the vendor's own; for reconciliation only",
    "source": "where the row came from",
    "harvest_id": "first digits of the digest of the harvest record",
}

_QUARANTINE = {
    "reasons": "every rule that the row broke",
    "raw": "the vendor's own line where it could not be typed at all",
}

_ADJUSTED = {
    "contract_id": "permanent: survives splits and symbol changes",
    "original_root": "the root under which the contract was first listed (AAPL of AAPL1)",
    "original_strike": "the strike in the terms of the era in which the contract was listed",
    "listing_era": "date of the event after which it was listed; empty before any",
    "adjustment_factor": "contracts of today that one contract of the listing era has become",
    "adjusted_strike": "the strike in force that day",
    "adjusted_multiplier": "the multiplier in force that day",
    "deliverable": "what one contract delivers or pays for",
    "underlying_price_factor": "spot times this is continuous across splits",
    "open_interest_listed": "as the vendor wrote it; open_interest is in contracts of the day",
    "open_interest_basis": "as_listed, restated, moved or left_over: how open_interest follows from what is listed",
}

_CHAIN = {
    "forward": "of the expiry, per root, in the strike's currency",
    "discount": "discount factor to settlement; 1 for coin-settled options",
    "forward_method": "how forward and discount were found",
    "year_fraction": "actual/365 from ts to settles_at",
    "model": "what priced the row",
    "iv": "implied volatility of the mid, decimal",
    "iv_bid": "implied volatility of the bid, decimal",
    "iv_ask": "implied volatility of the ask, decimal",
    "iv_status": "ok, or why there is no volatility",
    "delta": "price change per unit of spot",
    "gamma": "delta change per unit of spot",
    "vega_per_vol_point": "price change per 0.01 of volatility",
    "theta_per_day": "price change per calendar day",
    "rho_per_pct": "price change per 0.01 of the rate",
    "early_exercise_premium": "mid less the European option's price at the same volatility; 0 for European options",
    "quote_age_seconds": "ts minus quote_ts",
    "grade": "firm, one_sided, wide, stale, locked, crossed or no_quote; the last three never fill",
}

_SURFACE = {
    "quotes": "quotes that the slice was fitted to",
    "slice_source": "svi: the expiry's own quotes; ssvi: all expiries, for want of quotes; none",
    "fit_status": "ok, raised (to be free of arbitrage), not_converged or too_few_quotes",
    "svi_a": "w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)): total variance at k = ln(strike / forward)",
    "svi_b": "see svi_a",
    "svi_rho": "see svi_a",
    "svi_m": "see svi_a",
    "svi_sigma": "see svi_a",
    "atm_iv": "the slice's volatility at the forward, decimal",
    "atm_skew": "the slope of the volatility there, per unit of log-moneyness",
    "rms_error": "of the slice's volatilities against the quotes within 1.5 deviations of the forward, decimal",
    "worst_density": "the least g(k) of the slice; below 0 a butterfly costs less than nothing",
    "worst_crossing": "the least relative distance to the slice before; below 0 a calendar spread does",
    "strip_iv": "square root of the expiry's variance from its strip of options, by Cboe's method, decimal",
    "strip_options": "options in the strip",
    "strip_status": "ok, or why there is no strip_iv",
}

_REFERENCE = {
    "open": "of the session",
    "high": "of the session",
    "low": "of the session",
    "close": "of the session",
    "settlement_price": "the venue's official one; null where the source has none, never a substitute",
    "currency": "of the amounts in the row",
    "series": "as its source names it",
    "tenor_days": "calendar days to maturity",
    "rate": "continuously compounded zero rate, decimal, actual/365",
    "observation_date": "the day that the rate is of",
    "effective_date": "the ex-date",
    "kind": (
        "what happens: split, stock_dividend, cash_dividend, special_dividend, capital_gain, spin_off, rights, merger, "
        "symbol_change, liquidation, contract_adjustment"
    ),
    "new_shares": "4-for-1 is 4, 1; spin-offs, rights, mergers: units of new_security for shares of the underlying",
    "old_shares": "4-for-1 is 4, 1",
    "cash_amount": "per share of the underlying",
    "announced_at": "null where no source says",
    "new_security": "what is distributed, what a merger pays in, the new symbol",
    "security_value": "price of one unit of new_security at the effective time",
    "basis_kept": "share of the cost basis that stays with the old security; null: by value",
    "cash_in_lieu_price": "price of a whole new share at which fractions are paid out",
    "memos": "the adjustment of each option root as the clearing house wrote it (JSON); empty: the standing rules",
    "name": "as the universe calls the history",
    "earnings_date": "the day on which results were published",
    "timing": "unknown: the source does not say whether before the open or after the close",
}

_SUPERSEDED = {
    "root_in_force": "the contract's root of the day; its own row is in the adjusted layer",
    "strike_in_force": "the contract's strike of the day",
    "reason": "old_listing; old_listing_alone: the terms in force are not listed",
}

MEANINGS: dict[str, str] = {
    **_QUOTE,
    **_QUARANTINE,
    **_ADJUSTED,
    **_SUPERSEDED,
    **_CHAIN,
    **_SURFACE,
    **_REFERENCE,
}
