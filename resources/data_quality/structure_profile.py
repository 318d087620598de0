"""What a session's prices say about each other and about the session before, added to its profile rows.

Every finding that is of single contracts names the first of them: that is looked up only where something was
found.
"""

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from engine.corporate_actions.events import CorporateAction
from engine.corporate_actions.split_detection import Verdict
from resources.data_quality import arbitrage, day_over_day, listed_grid, recorded_splits, session_gaps, units
from resources.data_quality.arbitrage import Findings
from resources.data_quality.chain_shape import ChainShape, Reference, chain_shape
from resources.data_quality.columns import MISSING_US, Ints, floats, from_row, instants_us
from resources.data_quality.profile_columns import Profile, SessionCalendar
from resources.data_quality.row_verdict import RowVerdict
from resources.data_quality.session_gaps import contract_names
from resources.data_quality.smile import smile_outliers
from resources.data_quality.spot_level import spot_from_forwards
from resources.universe import QualitySpec

#: checks of quotes against each other, each the share of quotes that it objects to
_SHARES: dict[str, Callable[[ChainShape], Findings]] = {
    "butterfly": arbitrage.butterfly_violations,
    "calendar_spread": arbitrage.calendar_violations,
    "parity": arbitrage.parity_violations,
    "below_intrinsic": arbitrage.below_intrinsic,
    "smile_outliers": smile_outliers,
}


def add_snapshot_measures(
    rows: Sequence[Profile],
    quotes: pa.Table,
    verdict: RowVerdict,
    calendar: SessionCalendar,
    spec: QualitySpec,
) -> ChainShape | None:
    """Measure the clean quotes of every snapshot; ``rows`` are the snapshots' profiles, in order."""
    _name_broken_rows(rows, quotes, verdict, spec)
    for row, start, stop in zip(
        rows, verdict.counts.starts.tolist(), verdict.counts.stops.tolist(), strict=False
    ):
        row["measures"]["price_unit"] = units.price_decades(quotes, start, stop)
    shape = verdict.shape
    if shape is None:
        return
    clean = verdict.clean
    ids = clean.column("snapshot_id").to_numpy()[shape.row]
    starts = np.r_[0, np.flatnonzero(np.diff(shape.snapshot)) + 1]
    number = {int(ids[start]): n for n, start in enumerate(starts)}
    found = {name: measure(shape) for name, measure in _SHARES.items() if spec.severity(name) != "off"}
    vendor_iv = floats(clean, "vendor_iv")
    given = bool((vendor_iv > 0).any())
    odd_strikes = listed_grid.off_grid_strikes(shape)
    closed_days, closed_rows = listed_grid.off_calendar_expiries(shape, rows[0]["trade_date"], calendar)
    for row in rows:
        n = number.get(row["snapshot_id"])
        if n is None:
            continue
        measures, named = row["measures"], row["named"]
        for name, finding in found.items():
            measures[name] = finding.share(n)
            _name(named, name, clean, finding.rows[finding.snapshot == n])
        measures["vendor_iv_unit"] = units.volatility_decades(shape, vendor_iv, n)
        mine = slice(int(starts[n]), int(starts[n + 1]) if n + 1 < len(starts) else len(shape.row))
        measures["spot_from_forwards"] = spot_from_forwards(shape, n)
        iv = vendor_iv[shape.row[mine]]
        measures["vendor_iv_unsolved"] = float((~(iv > 0)).mean()) if given else None
        here = odd_strikes[shape.snapshot[odd_strikes] == n]
        measures["off_grid_strikes"] = float(len(here))
        _name(named, "off_grid_strikes", clean, shape.row[here])
        closed = closed_rows[shape.snapshot[closed_rows] == n]
        measures["off_calendar_expiries"] = float(len(np.unique(shape.expiry[closed])))
        if len(closed):
            named["off_calendar_expiries"] = [str(day) for day in closed_days]


def add_session_measures(
    row: Profile,
    quotes: pa.Table,
    verdict: RowVerdict,
    reference: Reference | None,
    actions: Sequence[CorporateAction],
    calendar: SessionCalendar,
    spec: QualitySpec,
    repeated: bool,
    spot_from_forwards: float | None = None,
) -> None:
    """Measure a session as a whole against its calendar and the session before.

    Parameters
    ----------
    row
        The session's own profile row.
    quotes
        All its snapshots.
    repeated
        Whether it repeats the session before; then nothing moved, and nothing more is to be said about that.
    spot_from_forwards
        How far the last snapshot's spot lies from its options' own forwards; None where they tell nothing.
    """
    measures, named, day = row["measures"], row["named"], row["trade_date"]
    if not quotes.num_rows:
        return
    starts = verdict.counts.starts
    if len(starts) > 1:
        instants = session_gaps.snapshot_instants(quotes, starts)
        missing = session_gaps.missing_snapshots(
            instants, calendar.open_us(day), calendar.close_us(day), spec.snapshot_minutes
        )
        if missing is not None:
            measures["missing_snapshots"], measures["snapshot_minutes"] = float(missing[0]), missing[1]
    if row["payload_session"] is None and (row["last_trade_max_date"] or dt.date.min) < day:
        # neither the payload nor a trade says that it is of this session
        before = calendar.previous(day)
        measures["shifted_session"] = float(session_gaps.expired_the_session_before(quotes, before))
        named["shifted_session"] = [before.isoformat()]
    if reference is None or not reference.quotes.num_rows:
        return
    previous = reference.quotes
    last = from_row(quotes, int(starts[-1]))
    since = previous.column("trade_date")[0].as_py()
    instants = instants_us(quotes, "ts")
    known_until = int(instants[instants != MISSING_US].min(initial=np.iinfo(np.int64).max))
    mine = recorded_splits.between(actions, row["underlying"], since, day, known_until)
    ratio = recorded_splits.split_ratio(mine)
    spot, spot_before = day_over_day.spot_of(last), day_over_day.spot_of(previous)
    found = recorded_splits.find_split(last, previous, spot, spot_before, day, ratio)
    borne_out = spot_from_forwards is not None and spot_from_forwards <= (
        spec.limit("spot_from_forwards") or 0.0
    )
    if not (borne_out and found.verdict is Verdict.REAL_JUMP):
        measures["spot_jump"] = day_over_day.spot_jump(spot, spot_before, ratio)
        named["spot_jump"] = [found.describe()]
    if (told := recorded_splits.disagreement(found, mine, row["underlying"], day)) is not None:
        measures["recorded_splits"] = float(bool(told))
        named["recorded_splits"] = [told]
    measures["split_double_listing"] = day_over_day.double_listing(last, previous, ratio)
    expiries, gone, alive = session_gaps.vanished(last, previous, day, ratio)
    measures["vanished_expiries"] = float(len(expiries))
    named["vanished_expiries"] = [str(e) for e in expiries]
    measures["vanished_contracts"] = len(gone) / alive if alive else None
    _name(named, "vanished_contracts", previous, gone)
    if repeated:
        return
    measures["unchanged_quotes"] = row["equal_fraction"]
    if ratio == 1.0 and spec.severity("volatility_jumps") != "off":
        _add_jumps(row, verdict, reference)


def _add_jumps(row: Profile, verdict: RowVerdict, reference: Reference) -> None:
    clean = verdict.clean
    if not clean.num_rows:
        return
    moves = np.flatnonzero(np.diff(clean.column("snapshot_id").to_numpy()))
    last = clean.slice(int(moves[-1]) + 1) if len(moves) else clean
    shape = chain_shape(last) if len(moves) else verdict.shape
    before = reference.shape
    found = (
        None
        if shape is None or before is None
        else day_over_day.volatility_jumps(shape, last, before, reference.quotes)
    )
    if found is not None:
        row["measures"]["volatility_jumps"] = found.share(0)
        _name(row["named"], "volatility_jumps", last, found.rows)


def _name(named: dict[str, list[str]], check: str, table: pa.Table, rows: Ints) -> None:
    if len(rows):
        named[check] = contract_names(table, rows)


def _name_broken_rows(
    rows: Sequence[Profile], quotes: pa.Table, verdict: RowVerdict, spec: QualitySpec
) -> None:
    """The first contracts that broke each row rule, by snapshot."""
    broken = {rule: np.flatnonzero(mask) for rule, mask in verdict.flags.items() if mask.any()}
    bounds = zip(verdict.counts.starts.tolist(), verdict.counts.stops.tolist(), strict=True)
    for row, (start, stop) in zip(rows, bounds, strict=False):
        for rule, found in broken.items():
            here = found[(found >= start) & (found < stop)]
            _name(row["named"], rule, quotes, here)
    acting = {rule: found for rule, found in broken.items() if spec.severity(rule) == "critical"}
    for row in rows:
        row["measures"]["quarantined_rows"] = float(row["rows_quarantined"])
        names = [f"{name} {rule}" for rule in acting for name in row["named"].get(rule, [])]
        if names:
            row["named"]["quarantined_rows"] = names
