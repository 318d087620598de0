"""Windows, stitched records and Monte Carlo results as plain documents (JSON), and back, without loss.

Undefined floats are null. Numbers survive exactly: Python writes the shortest text that reads back the same.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.validation.monte_carlo import Fan, MonteCarloResult, MonteCarloSummary
from engine.validation.search import Trial, TrialStatus
from engine.validation.stitching import StitchedRecord, WindowResult
from engine.validation.windows import WalkForwardWindow

Document = dict[str, Any]


def to_document(record: WindowResult | StitchedRecord | MonteCarloResult) -> Document:
    """A record as dicts, lists, numbers, texts and nulls."""
    document: Document = _plain(record)
    return document


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value.tolist()]
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def window_result_from(document: Mapping[str, Any]) -> WindowResult:
    """The window that ``to_document`` wrote."""
    rest = dict(document)
    rest["window"] = _window(rest["window"])
    rest["trials"] = tuple(_trial(t) for t in rest["trials"])
    rest["chosen"] = _trial(rest["chosen"])
    rest["test_ts_us"] = _integers(rest["test_ts_us"])
    for name in ("test_nav", "test_exposure", "test_trade_pnl", "test_trade_return_on_risk"):
        rest[name] = _floats(rest[name])
    return WindowResult(**rest)


def stitched_record_from(document: Mapping[str, Any]) -> StitchedRecord:
    """The stitched record that ``to_document`` wrote."""
    rest = dict(document)
    rest["ts_us"] = _integers(rest["ts_us"])
    rest["return_days"] = _integers(rest["return_days"]).astype(np.int32)
    for name in ("nav", "exposure", "returns", "trade_pnl"):
        rest[name] = _floats(rest[name])
    rest["flags"] = tuple(rest["flags"])
    dates = ("train_start", "train_end", "test_start", "test_end")
    rest["windows"] = tuple(
        {k: dt.date.fromisoformat(v) if k in dates else v for k, v in row.items()} for row in rest["windows"]
    )
    return StitchedRecord(**rest)


def monte_carlo_from(document: Mapping[str, Any]) -> MonteCarloResult:
    """The Monte Carlo result that ``to_document`` wrote."""
    return MonteCarloResult(
        summaries=tuple(MonteCarloSummary(**s) for s in document["summaries"]),
        confidence=document["confidence"],
        fans={
            name: Fan(
                steps=_integers(fan["steps"]),
                percentiles=tuple(fan["percentiles"]),
                nav=np.array(fan["nav"], dtype=np.float64),
            )
            for name, fan in document["fans"].items()
        },
        skipped=dict(document["skipped"]),
    )


def _window(document: Mapping[str, Any]) -> WalkForwardWindow:
    typed: Document = {
        k: dt.date.fromisoformat(v) if k.endswith(("_start", "_end")) else v for k, v in document.items()
    }
    return WalkForwardWindow(**typed)


def _trial(document: Mapping[str, Any]) -> Trial:
    rest = dict(document)
    rest["status"] = TrialStatus(rest["status"])
    rest["return_days"] = _integers(rest["return_days"]).astype(np.int32)
    rest["returns"] = _floats(rest["returns"])
    return Trial(**rest)


def _floats(values: list[float | None]) -> NDArray[np.float64]:
    return np.array([math.nan if v is None else v for v in values], dtype=np.float64)


def _integers(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)
