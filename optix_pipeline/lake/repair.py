"""Mends what an audit found: harvest records from the database, payloads from their source, layers from raw.

Nothing is invented. A payload comes back only with the very bytes that were received, a layer only from payloads that
are intact; what is left is named.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assets.naming import universe_key
from assets.universe_assets import DAILY_ASSETS, MONTHLY_REFERENCE_ASSETS
from optix_pipeline.lake.audit import Progress, audit
from optix_pipeline.lake.faults import Audit, Damage, Fault
from optix_pipeline.runner import Step
from resources.lake.errors import LakeError
from resources.lake.lake import Lake
from resources.lake.layout import status_path
from resources.raw_store import (
    CorruptPayloadError,
    HarvestRecord,
    RawPart,
    RawStore,
    StoredPart,
    parts_digest,
)
from resources.universe import UniverseSpec

#: (universe, dataset, key) -> what the source has now
Fetch = Callable[[str, str, str], list[RawPart]]
#: (universe, dataset, key, sequence) -> the record as the database mirrors it, or None
StoredRow = Callable[[str, str, str, int], Mapping[str, Any] | None]
#: makes one run of a universe's assets from the raw store alone
Rebuild = Callable[[str, Step], None]
#: one step makes both of each pair
_TOGETHER = (
    frozenset({"validated_quotes", "quarantined_quotes"}),
    frozenset({"adjusted_quotes", "superseded_quotes"}),
)
_MONTHLY_AFTER = "chain_month"


@dataclass
class Repair:
    """What was mended, one line each, and the faults that are left."""

    mended: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: list[Fault] = field(default_factory=list)


def repair(
    lake: Lake,
    found: Audit,
    universes: Mapping[str, UniverseSpec],
    sessions: Callable[[UniverseSpec], list[str]],
    *,
    fetch: Fetch,
    stored_row: StoredRow,
    rebuild: Rebuild,
    universe: str | None = None,
    progress: Progress | None = None,
) -> Repair:
    """Mend the faults of an audit and look again.

    Parameters
    ----------
    sessions
        A universe's daily partition keys.
    universe
        Of which the audit was; None for a whole lake.
    """
    result = Repair()
    reasons: dict[str, str] = {}
    records = [f for f in found.faults if f.damage is Damage.RECORD]
    for fault in records:
        _attempt(fault, lambda f=fault: _mend_record(lake, f, stored_row), result, reasons)
    if records and result.mended:
        found = audit(lake, universe, progress)  # the payloads behind a mended record have not been looked at
    for fault in found.faults:
        if fault.damage is Damage.PAYLOAD:
            _attempt(fault, lambda f=fault: _mend_payload(lake, f, fetch), result, reasons)
    by_universe: dict[str, list[Fault]] = defaultdict(list)
    for fault in found.faults:
        if fault.damage is Damage.LAYER:
            by_universe[fault.place.owner].append(fault)
    for name, faults in sorted(by_universe.items()):
        if name not in universes:
            reasons |= {
                f.path: f"no universe is named {name}; add its YAML with OPTIX_UNIVERSES" for f in faults
            }
            continue
        _rebuild_layers(lake, universes[name], sessions(universes[name]), faults, rebuild, result, reasons)
    remaining = audit(lake, universe, progress).faults if found.faults else []
    result.left = [_with_reason(fault, reasons.get(fault.path, "")) for fault in remaining]
    return result


def _attempt(fault: Fault, mend: Callable[[], str], result: Repair, reasons: dict[str, str]) -> None:
    try:
        result.mended.append(f"{fault.path}: {mend()}")
    except (LookupError, ValueError, OSError, CorruptPayloadError) as error:
        reasons[fault.path] = str(error)


def _with_reason(fault: Fault, reason: str) -> Fault:
    if fault.damage is Damage.STUDY:
        reason = f"run: optix run {fault.place.owner.split('/')[-1]}"
    elif fault.damage is Damage.RECEIPT:
        reason = "receipts are left as they are"
    what = f"{fault.what}; {reason}" if reason else fault.what
    return Fault(fault.damage, fault.place, fault.path, what, fault.part, fault.keys)


def _mend_record(lake: Lake, fault: Fault, stored_row: StoredRow) -> str:
    place = fault.place
    sequence = fault.path.rsplit("/", 1)[-1].split("-")[0]
    if not sequence.isdigit():
        raise ValueError("no harvest record has such a name; move it out of the _records folder")
    row = stored_row(place.owner, place.asset, place.key, int(sequence))
    if row is None:
        raise LookupError("lost: the database has no copy of this record")
    received = row["received_at"].astimezone(dt.UTC).isoformat(timespec="microseconds")
    record = HarvestRecord.from_json({**row, "received_at": received})
    if record.path != fault.path or parts_digest(record.parts) != record.digest:
        raise ValueError("lost: the database's copy is of another harvest")
    lake.write_json(record.path, record.to_json())
    return "harvest record restored from the database"


def _mend_payload(lake: Lake, fault: Fault, fetch: Fetch) -> str:
    assert fault.part is not None
    place, problems = fault.place, []
    for key in fault.keys:
        try:
            parts = fetch(place.owner, place.asset, key)
        except (LookupError, ValueError, OSError, RuntimeError) as error:
            problems.append(str(error))
            continue
        for part in parts:
            try:
                RawStore(lake, place.owner, place.asset).restore(fault.part, part.payload)
            except CorruptPayloadError:
                continue
            return f"received again from {part.source}, the same bytes"
        problems.append(_why_lost(fault.part, parts, key))
    raise LookupError(f"lost: {'; '.join(dict.fromkeys(problems))}")


def _why_lost(wanted: StoredPart, parts: list[RawPart], key: str) -> str:
    """Why none of what the source has now is the payload: its file changed, or is not there while others are."""
    if not parts:
        return f"the source has nothing for {key}"
    if not any(
        (p.kind, p.underlying, p.name) == (wanted.kind, wanted.underlying, wanted.name) for p in parts
    ):
        return f"the source no longer has {wanted.name} for {key}"
    return f"the source has other bytes for {key}"


def _rebuild_layers(
    lake: Lake,
    universe: UniverseSpec,
    sessions: list[str],
    faults: list[Fault],
    rebuild: Rebuild,
    result: Repair,
    reasons: dict[str, str],
) -> None:
    from optix_pipeline.failures import RunFailedError

    wanted: dict[str, set[str]] = defaultdict(set)
    for fault in faults:
        wanted[fault.place.asset].add(fault.place.key)
    for asset, keys in wanted.items():
        # in replay these would take a missing record for an empty harvest
        whole = asset in MONTHLY_REFERENCE_ASSETS
        if asset == "rates" or whole:
            store = RawStore(lake, universe.name, asset)
            keys -= {key for key in keys if store.latest("all" if whole else key) is None}
    known = {*sessions, *(day[:8] + "01" for day in sessions)}
    for fault in faults:
        if fault.place.key not in known:
            reasons[fault.path] = (
                f"{fault.place.key} is no partition of {universe.name}; move the folder away"
            )
    for assets, first, last, step in steps(universe, sessions, wanted):
        before = {
            (a, k): _digests(lake, universe, a, k) for a in assets for k in _between(sessions, first, last)
        }
        try:
            rebuild(universe.name, step)
        except (RunFailedError, LookupError, ValueError, OSError) as error:
            for fault in faults:
                if fault.place.asset in assets and first <= fault.place.key <= last:
                    reasons[fault.path] = str(error)
            continue
        result.mended.append(f"{step.label}: rebuilt from raw")
        for (asset, key), digests in before.items():
            if digests and digests != _digests(lake, universe, asset, key):
                result.notes.append(
                    f"{universe.name}/{asset} {key} was rebuilt with other content than before: made by other code "
                    f"or from an older harvest then; run optix harvest {universe.name} --from {key} --to {key} so "
                    "that what comes after it follows"
                )


def steps(
    universe: UniverseSpec, sessions: list[str], wanted: Mapping[str, Iterable[str]]
) -> Iterator[tuple[tuple[str, ...], str, str, Step]]:
    """The runs that rebuild these partitions (asset -> keys), in the order of the chain: the assets, first and last
    partition, and the run."""
    for asset in MONTHLY_REFERENCE_ASSETS:
        for month in sorted(wanted.get(asset, ())):
            yield _step(universe, (asset,), month, month)
    by_day: dict[str, set[str]] = defaultdict(set)
    for asset in DAILY_ASSETS[1:]:
        for key in wanted.get(asset, ()):
            by_day[key] |= next((pair for pair in _TOGETHER if asset in pair), {asset})
    run: list[str] = []
    for day in sessions:
        if run and by_day.get(day) != by_day[run[-1]]:
            yield _step(universe, _in_order(by_day[run[0]]), run[0], run[-1])
            run = []
        if day in by_day:
            run.append(day)
    if run:
        yield _step(universe, _in_order(by_day[run[0]]), run[0], run[-1])
    for month in sorted(wanted.get(_MONTHLY_AFTER, ())):
        yield _step(universe, (_MONTHLY_AFTER,), month, month)


def _in_order(assets: set[str]) -> tuple[str, ...]:
    return tuple(a for a in DAILY_ASSETS if a in assets)


def _step(
    universe: UniverseSpec, assets: tuple[str, ...], first: str, last: str
) -> tuple[tuple[str, ...], str, str, Step]:
    days = first if first == last else f"{first} to {last}"
    keys = tuple(universe_key(universe, asset) for asset in assets)
    return assets, first, last, Step(f"{universe.name}: {', '.join(assets)} {days}", keys, (first, last))


def _between(sessions: list[str], first: str, last: str) -> list[str]:
    return [first] if first == last else [s for s in sessions if first <= s <= last]


def _digests(lake: Lake, universe: UniverseSpec, asset: str, key: str) -> list[str]:
    """Every digest of content that a partition's status states; none where it cannot be read."""
    try:
        document = lake.read_json(status_path(universe.name, asset, key))
    except LakeError:
        return []
    return sorted(_stated(document))


def _stated(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            if name == "digest" and isinstance(value, str):
                yield value
            elif name != "inputs":
                yield from _stated(value)
