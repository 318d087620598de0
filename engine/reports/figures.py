"""Every figure as PNG bytes, for the metadata of assets; the ``*_plot`` functions beside them give SVG too."""

from engine.reports.performance_plots import equity_plot, greeks_plot, monthly_returns_plot, trade_pnl_plot
from engine.reports.quote_plots import missing_quotes_plot, quality_plot, smile_plot
from engine.reports.style import Drawing, as_png
from engine.reports.surface_plot import surface_plot
from engine.reports.validation_plots import monte_carlo_plot, walk_forward_plot

equity_figure = as_png(equity_plot)
monthly_returns_figure = as_png(monthly_returns_plot)
greeks_figure = as_png(greeks_plot)
trade_pnl_figure = as_png(trade_pnl_plot)
walk_forward_figure = as_png(walk_forward_plot)
monte_carlo_figure = as_png(monte_carlo_plot)
smile_figure = as_png(smile_plot)
missing_quotes_figure = as_png(missing_quotes_plot)
quality_figure = as_png(quality_plot)
surface_figure = as_png(surface_plot)

__all__ = [
    "Drawing",
    "equity_figure",
    "equity_plot",
    "greeks_figure",
    "greeks_plot",
    "missing_quotes_figure",
    "missing_quotes_plot",
    "monte_carlo_figure",
    "monte_carlo_plot",
    "monthly_returns_figure",
    "monthly_returns_plot",
    "quality_figure",
    "quality_plot",
    "smile_figure",
    "smile_plot",
    "surface_figure",
    "surface_plot",
    "trade_pnl_figure",
    "trade_pnl_plot",
    "walk_forward_figure",
    "walk_forward_plot",
]
