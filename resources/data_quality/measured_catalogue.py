"""The checks that read a profile's measures: prices against each other, and a session against the one before.

Each is at most its limit; ``structure_profile`` measures, ``structure_checks`` says what a failure means.
"""

from resources.data_quality.check_definition import CheckDefinition

MEASURED_CHECKS = (
    CheckDefinition(
        "quarantined_rows", "snapshot", "info", "rows that a row check quarantined, by name", limit=0
    ),
    CheckDefinition(
        "price_unit",
        "snapshot",
        "critical",
        "premiums decades away from what deep in-the-money exercise is worth: cents, x10000, coins for dollars",
        limit=1,
    ),
    CheckDefinition(
        "vendor_iv_unit",
        "snapshot",
        "warning",
        "the vendor's volatilities decades away from the straddles': percent for decimals",
        limit=1,
    ),
    CheckDefinition(
        "vendor_iv_unsolved",
        "snapshot",
        "info",
        "share of rows without the vendor's volatility where it gives some: unsolved, not calm",
        limit=0.25,
    ),
    CheckDefinition("one_sided", "snapshot", "info", "share of quotes with one side only", limit=0.5),
    CheckDefinition("locked", "snapshot", "info", "quotes whose bid equals the ask", limit=0),
    CheckDefinition(
        "wide_quotes", "snapshot", "info", "share of quotes wider than wide_relative_spread", limit=0.5
    ),
    CheckDefinition(
        "absurdly_wide",
        "snapshot",
        "warning",
        "share of quotes whose spread exceeds all that the option can be worth: spot, strike, or one coin",
        limit=0.01,
    ),
    CheckDefinition(
        "below_intrinsic",
        "snapshot",
        "warning",
        "share of quotes offered below what exercise is worth",
        limit=0.01,
    ),
    CheckDefinition(
        "parity",
        "snapshot",
        "warning",
        "share of strikes whose call and put deny their expiry's forward",
        limit=0.01,
    ),
    CheckDefinition(
        "butterfly",
        "snapshot",
        "warning",
        "share of strikes in a butterfly or vertical that pays at once, at bids and asks",
        limit=0.01,
    ),
    CheckDefinition(
        "calendar_spread",
        "snapshot",
        "warning",
        "share of strikes whose later expiry is offered below the bid of the earlier",
        limit=0.01,
    ),
    CheckDefinition(
        "smile_outliers",
        "snapshot",
        "warning",
        "share of quotes whose volatility, bid to ask, lies far from their neighbours'",
        limit=0.02,
    ),
    CheckDefinition(
        "off_grid_strikes",
        "snapshot",
        "warning",
        "strikes finer than the steps that their root lists",
        limit=0,
    ),
    CheckDefinition(
        "off_calendar_expiries", "snapshot", "warning", "expiries on days without a session", limit=0
    ),
    CheckDefinition(
        "unchanged_quotes",
        "session",
        "warning",
        "share of contracts that equal the session before, below a repeat: a file refreshed in part",
        limit=0.5,
    ),
    CheckDefinition(
        "shifted_session",
        "session",
        "critical",
        "contracts that stopped trading the session before are quoted, and neither the payload's time nor a "
        "trade says that it is of this one: a file dated a day late",
        limit=0,
    ),
    CheckDefinition(
        "missing_snapshots",
        "session",
        "warning",
        "snapshots missing within the session, by snapshot_minutes or the interval that the others keep",
        limit=0,
    ),
    CheckDefinition(
        "vanished_expiries",
        "session",
        "warning",
        "expiries that had open interest the session before, still trade, and are gone",
        limit=0,
    ),
    CheckDefinition(
        "vanished_contracts",
        "session",
        "warning",
        "share of live contracts with open interest that are gone; splits are taken into account",
        limit=0.02,
    ),
    CheckDefinition(
        "spot_from_forwards",
        "snapshot",
        "warning",
        "log distance of spot from the parity forwards of the options up to two months out",
        limit=0.03,
    ),
    CheckDefinition(
        "spot_jump",
        "session",
        "warning",
        "log change of spot against the session before that no split on record and no forward of the options explains",
        limit=0.25,
    ),
    CheckDefinition(
        "recorded_splits",
        "session",
        "critical",
        "price, strikes and open interest show a split that is not on record, or do not show one that is",
        limit=0,
    ),
    CheckDefinition(
        "split_double_listing",
        "session",
        "warning",
        "on the day of a split, share of contracts under old strikes and new ones at once",
        limit=0.9,
    ),
    CheckDefinition(
        "volatility_jumps",
        "session",
        "warning",
        "share of contracts whose volatility moved away from the day before's, beyond what the chain moved",
        limit=0.05,
    ),
)
