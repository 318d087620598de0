"""What one snapshot alone tells: counts, missing fields, ages. Computed for all snapshots of a table at once."""

import numpy as np
import pyarrow as pa

from resources.data_quality.columns import MISSING_US, Floats, Ints, codes, floats, instants_us, null_mask
from resources.data_quality.profile_columns import Profile
from resources.data_quality.quote_kernel import COUNTERS
from resources.data_quality.row_verdict import RowVerdict
from resources.schemas import QUOTE_SCHEMA
from resources.universe import QualitySpec

#: Fields without which a quote cannot be used: everything that the schema calls non-null, and the spot.
REQUIRED_FIELDS = tuple(field.name for field in QUOTE_SCHEMA if not field.nullable) + ("spot",)
#: Missing here is a market without that side, not a defect; reported for the heatmap of missing quotes.
OPTIONAL_SIDES = ("bid", "ask", "last", "bid_size", "ask_size", "volume", "open_interest")


def snapshot_rows(whole: Profile, quotes: pa.Table, verdict: RowVerdict, spec: QualitySpec) -> list[Profile]:
    """What one snapshot alone tells; of a table without rows, one row of zeros."""
    counts = verdict.counts
    starts, stops = counts.starts, counts.stops
    if not quotes.num_rows:
        starts = stops = np.zeros(1, dtype=np.int64)
        number = {name: np.zeros(1, dtype=np.int64) for name in COUNTERS}
    else:
        number = {name: counts.of(name) for name in COUNTERS}
    sums = _Sums(starts, quotes.num_rows)
    bad = sums.of(verdict.bad)
    broken = {rule: sums.of(mask) for rule, mask in verdict.flags.items() if mask.any()}
    missing = _missing(quotes, sums)
    ages = _ages(quotes, starts, stops, spec)
    ids = quotes.column("snapshot_id").to_numpy()[starts].tolist() if quotes.num_rows else [None]
    good = np.ones(quotes.num_rows, dtype=np.bool_) if verdict.bad is None else ~verdict.bad
    unquoted = np.isnan(floats(quotes, "bid")) & np.isnan(floats(quotes, "ask"))
    quoted = sums.of(good & ~unquoted)
    root_codes, strikes = codes(quotes, "root")[0], floats(quotes, "strike")
    profiles = []
    for i, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        rows = stop - start
        by_rule = {rule: int(found[i]) for rule, found in broken.items() if found[i]}
        profiles.append(
            {
                **whole,
                "snapshot_id": ids[i],
                "rows": rows,
                "rows_untyped": 0,
                "rows_clean": rows - int(bad[i]),
                "rows_quoted": int(quoted[i]),
                "rows_quarantined": int(bad[i]),
                "quarantined_fraction": int(bad[i]) / rows if rows else None,
                "quarantined_by_rule": by_rule,
                "expired": int(number["expired"][i]),
                **{name: int(number[name][i]) for name in ("crossed", "locked", "no_quote", "wide")},
                "one_sided": int(number["no_bid"][i] + number["no_ask"][i] - 2 * number["no_quote"][i]),
                "duplicate_keys": int(number["duplicates"][i]),
                "expiries": int(number["expiries"][i]),
                **_distinct(root_codes[start:stop], strikes[start:stop]),
                **missing[i],
                **ages[i],
                "measures": _of_counters({name: int(values[i]) for name, values in number.items()}),
                "named": {},
            }
        )
    return profiles


def _of_counters(number: dict[str, int]) -> dict[str, float | None]:
    """Shares of one-sided and absurdly wide quotes, and how many are locked."""
    two_sided = number["rows"] - number["no_bid"] - number["no_ask"] + number["no_quote"]
    one_sided = number["no_bid"] + number["no_ask"] - 2 * number["no_quote"]
    quoted = two_sided + one_sided
    return {
        "absurdly_wide": number["absurdly_wide"] / two_sided if two_sided else None,
        "wide_quotes": number["wide"] / two_sided if two_sided else None,
        "one_sided": one_sided / quoted if quoted else None,
        "locked": float(number["locked"]),
    }


class _Sums:
    """Sums of a mask by snapshot."""

    def __init__(self, starts: Ints, rows: int) -> None:
        self.starts, self.rows = starts, rows

    def of(self, mask: np.ndarray | None) -> Ints:
        if mask is None or not self.rows:
            return np.zeros(len(self.starts), dtype=np.int64)
        found: Ints = np.add.reduceat(mask.astype(np.int64), self.starts)
        return found


def _missing(quotes: pa.Table, sums: _Sums) -> list[Profile]:
    rows = quotes.num_rows
    if rows == 0:
        return [{}]
    sizes = np.diff(np.r_[sums.starts, rows])
    fraction: dict[str, np.ndarray] = {}
    for name in (*REQUIRED_FIELDS, *OPTIONAL_SIDES):
        kind = quotes.schema.field(name).type
        if pa.types.is_dictionary(kind):
            mask = codes(quotes, name)[0] < 0
        elif pa.types.is_floating(kind):
            mask = np.isnan(floats(quotes, name))  # NaN is as missing as null
        else:
            found = null_mask(quotes, name)
            if found is None:
                fraction[name] = np.zeros(len(sizes))
                continue
            mask = found
        fraction[name] = sums.of(mask) / sizes
    required = np.stack([fraction[name] for name in REQUIRED_FIELDS])
    worst = required.argmax(axis=0)
    return [
        {
            "missing_fraction": {name: float(values[i]) for name, values in fraction.items()},
            "missing_worst_field": REQUIRED_FIELDS[worst[i]] if required[worst[i], i] else None,
            "missing_worst_fraction": float(required[worst[i], i]),
        }
        for i in range(len(sizes))
    ]


def _distinct(root_codes: Ints, strikes: Floats) -> Profile:
    return {
        "strikes": len(np.unique(strikes[~np.isnan(strikes)])),
        "roots": len(np.unique(root_codes[root_codes >= 0])),
    }


def _ages(quotes: pa.Table, starts: Ints, stops: Ints, spec: QualitySpec) -> list[Profile]:
    if quotes.column("quote_ts").null_count == quotes.num_rows:
        return [{} for _ in starts]
    quote_ts, ts = instants_us(quotes, "quote_ts"), instants_us(quotes, "ts")
    known = (quote_ts != MISSING_US) & (ts != MISSING_US)
    ages: list[Profile] = []
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        here = slice(start, stop)
        age_seconds = (ts[here] - quote_ts[here])[known[here]] / 1e6
        if not len(age_seconds):
            ages.append({})
            continue
        ages.append(
            {
                "quote_age_median_seconds": float(np.median(age_seconds)),
                "quote_age_max_seconds": float(age_seconds.max()),
                "stale": int((age_seconds > spec.stale_after_minutes * 60.0).sum()),
            }
        )
    return ages
