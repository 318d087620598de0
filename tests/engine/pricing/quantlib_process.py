"""QuantLib's Black-Scholes process whose spot, rate, yield and volatility are set in place, one year to expiry."""

import QuantLib as ql

TODAY = ql.Date(1, 1, 2024)


def process_and_quotes() -> tuple[ql.BlackScholesMertonProcess, list[ql.SimpleQuote]]:
    """The process, and the quotes of spot, rate, yield and volatility, in this order.

    Of an option of T years it is told the rates times T and the volatility times the root of T: so every contract has
    one expiry, a year from ``TODAY``, which this makes QuantLib's date of evaluation.
    """
    ql.Settings.instance().evaluationDate = TODAY
    count = ql.Actual365Fixed()
    quotes = [ql.SimpleQuote(1.0) for _ in range(4)]
    s, r, q, v = (ql.QuoteHandle(x) for x in quotes)
    process = ql.BlackScholesMertonProcess(
        s,
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, q, count)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, r, count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), v, count)),
    )
    return process, quotes
