"""Walk-forward: windows, search on the train range, choice, and the stitched out-of-sample record.

The one door to its parts, in the order in which a run uses them; each lives in a module of its own.
"""

from engine.validation.search import (
    OBJECTIVE_METRIC,
    AllTrialsFailedError,
    Trial,
    TrialStatus,
    choose,
    grid_points,
    objective_value,
    search,
)
from engine.validation.stitching import StitchedRecord, WindowResult, stitch, window_row
from engine.validation.windows import WalkForwardPeriodError, WalkForwardWindow, month_windows

__all__ = [
    "OBJECTIVE_METRIC",
    "AllTrialsFailedError",
    "StitchedRecord",
    "Trial",
    "TrialStatus",
    "WalkForwardPeriodError",
    "WalkForwardWindow",
    "WindowResult",
    "choose",
    "grid_points",
    "month_windows",
    "objective_value",
    "search",
    "stitch",
    "window_row",
]
