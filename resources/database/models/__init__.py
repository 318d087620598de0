"""OPTIX's tables. Importing this package fills ``Base.metadata`` with all of them."""

from resources.database.models.backtests import Backtest
from resources.database.models.base import Base
from resources.database.models.freshness import FreshnessRow
from resources.database.models.lineage import Harvest, RunInput
from resources.database.models.quality import DataQualityResult, QualityRelease
from resources.database.models.trading import Event, Fill, Order, Rejection, Trade, TradeLeg
from resources.database.models.validation import EquityPoint, Metric, MonteCarloSummary, WalkForwardWindow

__all__ = [
    "Backtest",
    "Base",
    "DataQualityResult",
    "EquityPoint",
    "Event",
    "Fill",
    "FreshnessRow",
    "Harvest",
    "Metric",
    "MonteCarloSummary",
    "Order",
    "QualityRelease",
    "Rejection",
    "RunInput",
    "Trade",
    "TradeLeg",
    "WalkForwardWindow",
]
