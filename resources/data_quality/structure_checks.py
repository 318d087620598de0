"""Rules and sentences of the checks that read a profile's measures; each is at most its limit."""

from collections.abc import Callable, Mapping
from typing import Any

Profile = Mapping[str, Any]
#: contracts named in a sentence; the results name more
_IN_SENTENCE = 3


def _share(what: str) -> Callable[[float, float], str]:
    return lambda value, limit: f"{100 * value:.{1 if value < 0.1 else 0}f}% {what} (limit {100 * limit:g}%)"


def _number(one: str, many: str) -> Callable[[float, float], str]:
    return lambda value, limit: f"{value:.0f} {one if value == 1 else many}"


def _decades(what: str) -> Callable[[float, float], str]:
    return lambda value, limit: f"{what} by a factor of about {10**value:.3g}"


#: what a failure says, from the number and its limit
SENTENCES: dict[str, Callable[[float, float], str]] = {
    "quarantined_rows": _number("row is quarantined", "rows are quarantined"),
    "price_unit": _decades(
        "premiums are off from what exercise is worth, or spot and strikes from each other,"
    ),
    "vendor_iv_unit": _decades("the vendor's volatilities are off from the straddles'"),
    "vendor_iv_unsolved": _share("of the rows have no volatility of the vendor"),
    "one_sided": _share("of the quotes have one side only"),
    "locked": _number("quote is locked", "quotes are locked"),
    "wide_quotes": _share("of the two-sided quotes are wide"),
    "absurdly_wide": _share("of the two-sided quotes are wider than the option can be worth"),
    "below_intrinsic": _share("of the quotes are offered below what exercise is worth"),
    "parity": _share("of the strikes break put-call parity beyond bid and ask"),
    "butterfly": _share("of the strikes make a butterfly or vertical that pays at once"),
    "calendar_spread": _share("of the strikes are offered below the bid of an earlier expiry"),
    "smile_outliers": _share("of the quotes have a volatility far from their neighbours'"),
    "off_grid_strikes": _number(
        "row has a strike off the listed grid", "rows have strikes off the listed grid"
    ),
    "off_calendar_expiries": _number(
        "expiry is on a day without a session", "expiries are on days without a session"
    ),
    "unchanged_quotes": _share("of the contracts equal the session before"),
    "shifted_session": _number(
        "row is of a contract whose last session was the one before: the content is probably of that session",
        "rows are of contracts whose last session was the one before: the content is probably of that session",
    ),
    "missing_snapshots": _number(
        "snapshot is missing within the session", "snapshots are missing within the session"
    ),
    "vanished_expiries": _number("expiry with open interest is gone", "expiries with open interest are gone"),
    "vanished_contracts": _share("of the live contracts with open interest are gone"),
    "spot_from_forwards": lambda value, limit: (
        f"spot is {100 * value:.3g}% (log) away from the forwards of its own options (limit {100 * limit:g}%)"
    ),
    "spot_jump": lambda value, limit: (
        f"spot moved by {100 * value:.3g}% (log) since the session before, known splits taken out"
    ),
    "recorded_splits": lambda value, limit: (
        "a split in the data and the corporate actions on record disagree"
    ),
    "split_double_listing": _share(
        "of the contracts are listed under their old strikes and the new ones at once"
    ),
    "volatility_jumps": _share("of the contracts' volatilities left the day before's behind"),
}


def observed(name: str) -> Callable[[Profile], Any]:
    """The measure of a profile row; None where it could not be taken."""
    return lambda profile: profile["measures"].get(name)


def sentence(name: str, limit: float) -> Callable[[Profile], str]:
    """What a failure says, with the first contracts, expiries or hints that it is about."""

    def said(profile: Profile) -> str:
        text = SENTENCES[name](profile["measures"][name], limit)
        named = profile["named"].get(name, [])
        more = ", ..." if len(named) > _IN_SENTENCE else ""
        return f"{text}: {', '.join(named[:_IN_SENTENCE])}{more}" if named else text

    return said
