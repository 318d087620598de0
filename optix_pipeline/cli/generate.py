"""``optix generate``: a market with planted truths, and the score of the quality suite on it."""

import datetime as dt
import tempfile
from pathlib import Path
from shlex import quote
from typing import Any

from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.cli.progress import progress_bars
from optix_pipeline.cli.session_range import parse_range

#: the markets that ``--market`` stands for
START = dt.date(2024, 9, 3)
#: a coin has a session every day, so that fewer months hold every defect
END = {"index": dt.date(2025, 6, 30), "stock": dt.date(2025, 6, 30), "coin": dt.date(2025, 1, 31)}
FULL_START = dt.date(2022, 7, 1)
DEFAULT_CONTRACTS = {"index": 600, "stock": 600, "coin": 250}
#: enough to see one missing
COIN_SNAPSHOTS = 8
#: the market's own events, where the range holds their days: none may be flagged
_SPLIT = {
    "effective_date": "2024-09-26",
    "new_shares": 4,
    "old_shares": 1,
    "announced": "2024-08-29",
}
_JUMP = {"date": "2024-11-05", "log_size": -0.08}
#: half the price is gone, as in a 2-for-1 split, and no contract changes; the last session, for after it the strikes
#: listed lie far from the money
_CRASH = {"date": "2025-06-30", "log_size": -0.69}


def market_of(
    *,
    spec: Path | None,
    market: str | None,
    first: str | None,
    last: str | None,
    seed: int | None,
    contracts: int | None,
    defects: str | None,
    full: bool,
) -> Any:
    """The market that the options describe.

    Raises
    ------
    ValueError
        If the options contradict each other, or one cannot be used.
    """
    from optix_pipeline.yaml_specs import load_spec
    from resources.generator.planted.market_file import MarketFile

    if (spec is None) == (market is None):
        raise ValueError("name either --spec FILE.yaml or --market index, stock or coin")
    if spec is not None:
        if full:
            raise ValueError("--full lengthens the markets of --market; a file states start and end")
        content = load_spec(spec, MarketFile).model_dump(exclude_unset=True)
    else:
        content = _standard(str(market), full)
    start, end = parse_range(first, last)
    content |= {
        k: v
        for k, v in {"start": start, "end": end, "seed": seed, "contracts": contracts}.items()
        if v is not None
    }
    if defects is not None:
        content["defects"] = _defects(defects)
    if market is not None:
        _without_events_outside(content)
    return _validated(MarketFile, content)


def _standard(market: str, full: bool) -> dict[str, Any]:
    if market not in DEFAULT_CONTRACTS:
        raise ValueError(f"--market is index, stock or coin; got {market!r}")
    content: dict[str, Any] = {
        "name": f"generated_{market}",
        "kind": market,
        "start": FULL_START if full else START,
        "end": END[market],
        "contracts": DEFAULT_CONTRACTS[market],
        "jumps": [_JUMP] if market == "coin" else [_JUMP, _CRASH],
    }
    if market == "stock":
        content["split"] = _SPLIT
    if market == "coin":
        content["snapshots"] = COIN_SNAPSHOTS
    return content


def _without_events_outside(content: dict[str, Any]) -> None:
    """The standard markets' own events belong to the dates that they were given."""
    start, end = content["start"], content["end"]
    content["jumps"] = [j for j in content["jumps"] if start < dt.date.fromisoformat(j["date"]) <= end]
    if "split" in content and not start < dt.date.fromisoformat(content["split"]["effective_date"]) <= end:
        del content["split"]


def _defects(text: str) -> str | dict[str, int]:
    if text in ("all", "none"):
        return text
    counts: dict[str, int] = {}
    for part in text.split(","):
        name, equals, count = part.strip().partition("=")
        if not equals or not count.isdigit():
            raise ValueError(f"--defects is all, none, or kind=count,...; {part.strip()!r} is neither")
        if name in counts:
            raise ValueError(f"--defects names {name} twice")
        counts[name] = int(count)
    return counts


def _validated(model: Any, content: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'market'}: {e['msg']}" for e in error.errors()]
        raise ValueError("; ".join(lines)) from error


def generate_or_score(
    folder: Path | None,
    *,
    spec: Path | None,
    market: str | None,
    seed: int | None,
    score: bool,
    seeds: int,
    as_json: bool,
    **options: Any,
) -> None:
    """What the command's options ask for.

    Raises
    ------
    ValueError
        If they contradict each other.
    """
    if not score:
        if folder is None:
            raise ValueError("name a new folder for the generated set")
        file = market_of(spec=spec, market=market, seed=seed, **options)
        run_generate(folder, file, as_json=as_json)
        return
    if folder is not None:
        given = [n for n, v in {"spec": spec, "market": market, "seed": seed, **options}.items() if v]
        if given:
            raise ValueError(f"{folder} is scored as it stands; leave out {', '.join(given)}")
        run_score(folder, [], as_json=as_json)
        return
    if spec is not None:
        run_score(None, [market_of(spec=spec, market=None, seed=seed, **options)], as_json=as_json)
        return
    kinds = [market] if market else list(DEFAULT_CONTRACTS)
    used = range(1, seeds + 1) if seed is None else range(seed, seed + seeds)
    files = [market_of(spec=None, market=k, seed=s, **options) for k in kinds for s in used]
    run_score(None, files, as_json=as_json)


def run_generate(folder: Path, file: Any, *, as_json: bool) -> None:
    """Write a set and say what stands where."""
    from resources.generator.planted.set_writer import write_set

    with progress_bars(quiet=as_json) as report:
        written = write_set(file, folder, lambda done, total: report(f"{file.name}: sessions", done, total))
    kinds: dict[str, int] = {}
    for planted in written.planted:
        kinds[planted.kind] = kinds.get(planted.kind, 0) + 1
    document = {
        "folder": str(written.folder),
        "universe": str(written.universe),
        "sessions": written.sessions,
        "day_files": written.day_files,
        "quotes": written.quotes,
        "bytes": written.bytes,
        "seconds": round(written.seconds, 2),
        "quotes_per_second": round(written.quotes / written.seconds),
        "defects": kinds,
        "decoys": len(written.decoys),
    }
    if as_json:
        print_json(document)
        return
    print(
        f"{file.name}: {written.sessions} sessions, {written.quotes:,} quotes, {written.bytes / 1e6:.1f} MB in "
        f"{written.seconds:.1f} s ({written.quotes / written.seconds:,.0f} quotes/s)"
    )
    print(
        f"{len(written.planted)} defects of {len(kinds)} kinds and {len(written.decoys)} decoys: {folder}/truth"
    )
    print(f"to ingest it: OPTIX_UNIVERSES={quote(str(written.universe.parent))} optix harvest {file.name}")


def run_score(folder: Path | None, files: list[Any], *, as_json: bool) -> None:
    """Score the quality suite on a set that stands there, or on sets made for it; exit 1 below 0.99.

    Parameters
    ----------
    files
        Markets to generate, score and forget, where no folder is given.
    """
    from optix_pipeline.generator_score import score_set
    from resources.generator.planted.scoring import Score
    from resources.generator.planted.set_writer import write_set

    total = Score()
    with (
        tempfile.TemporaryDirectory(prefix="optix-score-") as scratch,
        progress_bars(quiet=as_json) as report,
    ):
        if folder is not None:
            total.add(score_set(folder, Path(scratch) / "lake"))
        for n, file in enumerate(files):
            label = f"{file.kind}, seed {file.seed}"
            made = Path(scratch) / str(n)
            write_set(
                file, made / "set", lambda done, all_, label=label: report(f"{label}: generated", done, all_)
            )
            total.add(score_set(made / "set", made / "lake", seed=file.seed))
            report(f"{label}: scored", 1, 1)
    if not total.kinds:
        raise ValueError(
            "nothing was planted in this set, so nothing can be scored; generate it with defects"
        )
    if as_json:
        print_json(_document(total))
    else:
        _print(total)
    if not total.good:
        raise SystemExit(1)


def _document(total: Any) -> dict[str, Any]:
    return {
        "good": total.good,
        "kinds": {
            name: {
                "planted": k.planted,
                "found": k.found,
                "missed": k.planted - k.found,
                "false_alarms": k.false_alarms,
                "precision": k.precision,
                "recall": k.recall,
            }
            for name, k in sorted(total.kinds.items())
        },
        "missed": [vars(m) if hasattr(m, "__dict__") else str(m) for m in total.missed],
        "false_alarms": [vars(f) for f in total.false_alarms],
        "decoys": total.decoys,
        "flagged_decoys": len(total.flagged_decoys),
    }


_SHOWN = 20


def _print(total: Any) -> None:
    order = {"row": 0, "day": 1, "table": 2}
    rows = sorted(total.kinds.items(), key=lambda item: (order[item[1].kind.level], item[0]))
    print_table(
        "Planted defects, and what the quality suite made of them",
        ("kind", "of", "planted", "found", "missed", "false alarms", "precision", "recall", "smallest"),
        [
            (
                name,
                k.kind.level,
                k.planted,
                k.found,
                k.planted - k.found,
                k.false_alarms,
                f"{k.precision:.4f}",
                f"{k.recall:.4f}",
                k.kind.smallest,
            )
            for name, k in rows
        ],
    )
    for title, found in (("missed", total.missed), ("false alarm", total.false_alarms)):
        for one in found[:_SHOWN]:
            print(f"{title}: {_said(one)}")
        if len(found) > _SHOWN:
            print(f"... and {len(found) - _SHOWN} more: {title}")
    shown = ", ".join(f"{count} {kind}" for kind, count in sorted(total.decoys.items()))
    flagged = len({(d.session, d.kind, d.contract) for d, _ in total.flagged_decoys})
    print(f"decoys, odd and right: {shown or 'none'}; {flagged} of them flagged")
    planted, found = sum(k.planted for k in total.kinds.values()), sum(k.found for k in total.kinds.values())
    alarms = len(total.false_alarms)
    verdict = "every kind at 0.99 or above" if total.good else "below 0.99"
    print(f"{found} of {planted} found, {alarms} false alarms: {verdict}")


def _said(one: Any) -> str:
    parts = [
        str(getattr(one, n, "")) for n in ("session", "snapshot", "contract", "kind", "check", "done", "line")
    ]
    return " ".join(p for p in parts if p)[:200]
