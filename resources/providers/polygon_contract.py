"""Option tickers of Polygon (now Massive): ``O:`` and the OSI symbol without padding.

massive.com/docs/rest/options, "Contract Overview".
"""

from functools import lru_cache

from engine.instruments.osi import OsiSymbol, OsiSymbolError, parse_osi

PREFIX = "O:"


@lru_cache(maxsize=65_536)
def parse_ticker(ticker: str) -> OsiSymbol | None:
    """What a ticker says; None where it is no option's."""
    if not ticker.startswith(PREFIX):
        return None
    try:
        return parse_osi(ticker.removeprefix(PREFIX))
    except OsiSymbolError:
        return None
