"""What the page says of the record itself: cards, figures, profit at three prices, coverage, trades."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from engine.analytics.daily import daily_returns
from engine.backtest.result import BacktestResult, Columns
from engine.reports.formatting import amount, compact, day, instant, money, number, percent
from engine.reports.performance_plots import equity_plot, greeks_plot, monthly_returns_plot, trade_pnl_plot

Metrics = Mapping[str, float | None]
_Format = Callable[[float | None], str]

#: shown first and large; a tone colours the number by its sign
_HEADLINES: tuple[tuple[str, str, _Format, bool], ...] = (
    ("total_return", "Total return", percent, True),
    ("annual_return", "Annual return", percent, True),
    ("sharpe_ratio", "Sharpe ratio", number, True),
    ("max_drawdown", "Maximum drawdown", percent, False),
    ("win_rate", "Win rate", lambda v: percent(v, 1), False),
    ("trade_count", "Trades", lambda v: number(v, 0), False),
)


def _details(currency: str) -> tuple[tuple[str, str, _Format], ...]:
    def in_money(v: float | None) -> str:
        return money(v, currency)

    return (
        ("annual_volatility", "Annual volatility", percent),
        ("sortino_ratio", "Sortino ratio", number),
        ("calmar_ratio", "Calmar ratio", number),
        ("omega_ratio", "Omega ratio, daily", number),
        ("max_drawdown_days", "Drawdown length, calendar days", lambda v: number(v, 0)),
        ("var_95", "VaR 95%, one day", percent),
        ("cvar_95", "CVaR 95%, one day", percent),
        ("skew", "Skew, daily", number),
        ("kurtosis", "Excess kurtosis, daily", number),
        ("profit_factor", "Profit factor", number),
        ("average_win", "Average win", in_money),
        ("average_loss", "Average loss", in_money),
        ("expectancy", "Expectancy per trade", in_money),
        ("expectancy_on_risk", "Expectancy on risk", percent),
        ("exposure", "Mean exposure", percent),
    )


def sections(
    result: BacktestResult, metrics: Metrics, currency: str, nav_start: float, trades_shown: int
) -> dict[str, Any]:
    """Context of the template for everything that comes from the run itself."""
    known = {name for name, *_ in _HEADLINES} | {name for name, *_ in _details(currency)}
    # the totals have a table of their own
    known |= {*result.totals, "quote_coverage", "coverage"}
    details = [(label, form(metrics.get(name))) for name, label, form in _details(currency)]
    details += [
        (name.replace("_", " ").capitalize(), compact(v)) for name, v in metrics.items() if name not in known
    ]
    return {
        "cards": [
            {"label": label, "text": form(metrics.get(name)), "tone": _tone(metrics.get(name), toned)}
            for name, label, form, toned in _HEADLINES
        ],
        "details": details,
        "figures": _figures(result, currency, nav_start),
        "totals": _totals(result, currency),
        "coverage": _coverage(result.coverage),
        "trades": _trades(result, currency, trades_shown),
        "trade_count": len(result.tables["trades"]["pnl"]),
        "parameters": [(k, str(v)) for k, v in result.parameters.items()],
    }


def _tone(metric: float | None, toned: bool) -> str:
    if not toned or metric is None or metric == 0:
        return ""
    return "gain" if metric > 0 else "loss"


def _figures(result: BacktestResult, currency: str, nav_start: float) -> dict[str, Markup]:
    equity, trades = result.tables["equity"], result.tables["trades"]
    daily = daily_returns(equity["ts_us"], equity["nav"], nav_start=nav_start)
    drawings = {
        "equity": equity_plot(
            equity["ts_us"],
            equity["nav"],
            currency=currency,
            trade_entry_us=trades["entry_us"],
            trade_exit_us=trades["exit_us"],
            trade_pnl=trades["pnl"],
        ),
        "months": monthly_returns_plot(daily.days, daily.returns),
        "greeks": greeks_plot(
            equity["ts_us"],
            equity["delta"],
            equity["gamma"],
            equity["vega_per_vol_point"],
            equity["theta_per_day"],
        ),
    }
    if len(trades["pnl"]):
        drawings["trade_pnl"] = trade_pnl_plot(trades["pnl"], currency=currency)
    # the drawings are ours and matplotlib escapes the texts in them
    return {name: Markup(drawing.svg(name)) for name, drawing in drawings.items()}


def _totals(result: BacktestResult, currency: str) -> list[dict[str, str]]:
    """Profit at mid, as modelled, at the worst side; with the trades' own figures where the run has them."""
    rows = (
        ("At mid", "pnl_at_mid", "every fill at the middle of bid and ask: nobody gets this"),
        ("As modelled", "pnl", "the study's fill model; every other number on this page uses it"),
        ("At the worst side", "pnl_at_worst", "every buy at the ask, every sale at the bid, or worse"),
    )
    start = result.totals["nav_start"]
    return [
        {
            "label": label,
            "profit": money(result.totals[key], currency, signed=True),
            "share": percent(result.totals[key] / start),
            "note": note,
            "tone": _tone(result.totals[key], True),
        }
        for label, key, note in rows
    ]


def _coverage(coverage: Mapping[str, float]) -> dict[str, Any]:
    needed = coverage["quotes_needed"]
    share = coverage["coverage"] if needed else None
    firm = coverage["quotes_firm"] / needed if needed else None
    return {
        "needed": number(needed, 0),
        "present": number(coverage["quotes_present"], 0),
        "firm": number(coverage["quotes_firm"], 0),
        "share": percent(share, 1),
        "firm_share": percent(firm, 1),
        "width": f"{100 * (share or 0.0):.1f}",
        "firm_width": f"{100 * (firm or 0.0):.1f}",
    }


def _trades(result: BacktestResult, currency: str, shown: int) -> list[dict[str, Any]]:
    """The latest trades, newest first, with their legs in words."""
    trades, legs = result.tables["trades"], result.tables["trade_legs"]
    latest = np.argsort(trades["exit_us"], kind="stable")[::-1][:shown]
    return [
        {
            "package": int(trades["package_id"][row]),
            "entry": instant(trades["entry_us"][row]),
            "exit": instant(trades["exit_us"][row]),
            "packages": compact(float(trades["packages"][row])),
            "legs": [
                _leg(legs, int(place))
                for place in np.flatnonzero(legs["package_id"] == trades["package_id"][row])
            ],
            "profit": amount(float(trades["pnl"][row]), currency, signed=True),
            "tone": _tone(float(trades["pnl"][row]), True),
            "fees": amount(float(trades["fees"][row]), currency),
            "on_risk": percent(float(trades["return_on_risk"][row])),
            "reason": str(trades["exit_reason"][row]).replace("_", " "),
        }
        for row in latest
    ]


def _leg(legs: Columns, place: int) -> str:
    quantity = compact(float(legs["quantity"][place]))
    sign = "" if quantity.startswith("−") else "+"
    prices = f"{compact(float(legs['entry_price'][place]))} → {compact(float(legs['exit_price'][place]))}"
    if legs["right"][place] == "S":
        return f"{sign}{quantity} {legs['instrument'][place]} at {prices}"
    expiry = day(int(legs["expiry_days"][place]))
    strike = compact(float(legs["strike"][place]))
    return f"{sign}{quantity} {expiry} {strike} {legs['right'][place]} at {prices}"
