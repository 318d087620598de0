"""One look for all figures: a palette, a theme, and how a figure becomes PNG bytes or an inline SVG.

An inline SVG takes its colours from the page: each palette colour is written as a CSS variable with the light
colour as fallback, so a dark page recolours it without drawing it twice.
"""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

P = ParamSpec("P")

INK = "#1f2933"
MUTED = "#6b7684"
GRID = "#e2e7ed"
SURFACE = "#ffffff"
ACCENT = "#2563a9"
SECOND = "#c8781b"
GAIN = "#23896b"
LOSS = "#c4484d"
#: from near to far, for what is ordered (expiries)
SEQUENCE = ("#1d3f72", "#2f74b5", "#2f9aa0", "#4fae6a", "#b9a52c", "#dd8a2f", "#cf5f43", "#a33f68")

#: CSS variable of each colour; a page that defines none gets the light palette
CSS_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--line",
    SURFACE: "--surface",
    ACCENT: "--accent",
    SECOND: "--second",
    GAIN: "--gain",
    LOSS: "--loss",
    **{colour: f"--sequence-{n}" for n, colour in enumerate(SEQUENCE)},
}

# Any: matplotlib types the keys as an enumeration of its own
_RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a title is a dollar
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "optix",
}


@contextmanager
def theme() -> Iterator[None]:
    """The theme for everything drawn or saved inside."""
    import matplotlib

    with matplotlib.rc_context(_RC):
        yield


@dataclass(frozen=True)
class Drawing:
    """A finished figure. Its bytes are the same every time: no clock, no random ids."""

    figure: Any
    alt: str

    def png(self, *, dpi: int = 96) -> bytes:
        """PNG on a white card, readable on any page."""
        buffer = io.BytesIO()
        with theme():
            self.figure.savefig(buffer, format="png", dpi=dpi, facecolor=SURFACE, metadata={"Software": None})
        return buffer.getvalue()

    def svg(self, prefix: str) -> str:
        """An ``<svg>`` element for the body of a page; ids begin with ``prefix``, which is unique there."""
        buffer = io.StringIO()
        with theme():
            self.figure.savefig(
                buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
            )
        text = buffer.getvalue()
        text = text[text.index("<svg") :]
        text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
        # sized by the page, not in points
        text = re.sub(r'\s(?:width|height)="[\d.]+pt"', "", text, count=2)
        text = text.replace("'DejaVu Sans'", "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans'")
        text = re.sub(r'\bid="', f'id="{prefix}-', text)
        text = text.replace("url(#", f"url(#{prefix}-").replace('xlink:href="#', f'xlink:href="#{prefix}-')
        for colour, variable in CSS_VARIABLES.items():
            text = text.replace(colour, f"var({variable}, {colour})")
        return text.strip()


def drawn(alt: str) -> Callable[[Callable[P, Any]], Callable[P, Drawing]]:
    """Run a plotting function inside the theme, and give back its figure as a ``Drawing``."""

    def decorate(plot: Callable[P, Any]) -> Callable[P, Drawing]:
        @wraps(plot)
        def themed(*args: P.args, **kwargs: P.kwargs) -> Drawing:
            with theme():
                figure = plot(*args, **kwargs)
                # the layout is solved once and kept: each save would move it a little further
                figure.draw_without_rendering()
                figure.set_layout_engine("none")
                return Drawing(figure, alt)

        return themed

    return decorate


def as_png(plot: Callable[P, Drawing]) -> Callable[P, bytes]:
    """The same function, giving PNG bytes."""

    @wraps(plot)
    def rendered(*args: P.args, **kwargs: P.kwargs) -> bytes:
        return plot(*args, **kwargs).png()

    return rendered


def new_figure(width_inches: float, height_inches: float) -> Any:
    """A figure outside pyplot's global list (nothing to close), rendered by Agg."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def time_axis(axis: Any) -> None:
    """Few, short date labels."""
    import matplotlib.dates

    dates: Any = matplotlib.dates
    locator = dates.AutoDateLocator(minticks=3, maxticks=8)
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))


def percent_axis(axis: Any, decimals: int | None = None) -> None:
    """Fractions shown as percent on the y axis."""
    from matplotlib.ticker import PercentFormatter

    axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))
