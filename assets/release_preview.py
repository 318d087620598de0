"""What a release would let through, before anybody makes it."""

import datetime as dt

import pyarrow.compute as pc

from assets.day_status import read_status
from assets.underlying_prices import universe_calendar
from assets.validation import VALIDATED, judged_days
from resources.data_quality.releases import Release, ReleaseStore, overruled_checks
from resources.data_quality.suite import run_suite
from resources.lake.lake import Lake
from resources.providers.protocol import Provider
from resources.universe import UniverseSpec


def released_rows(
    universe: UniverseSpec, lake: Lake, provider: Provider, day: dt.date, release: Release
) -> int:
    """Rows of one session that would be usable with the release and are not without it.

    The payload is parsed and judged again, with the releases in force and this one; nothing is written.
    """
    releases = [*ReleaseStore(lake, universe.name).in_force(), release]
    calendar = universe_calendar(universe, day)
    (judged,) = judged_days(universe, lake, provider, [day], calendar, releases)
    profiles = [profile for found in judged.underlyings.values() for profile in found.profiles]
    outcome = run_suite(profiles, universe.quality, overruled=overruled_checks(releases, [day]))
    verdict = outcome.verdicts[day, release.underlying]
    clean = judged.underlyings[release.underlying].clean
    if verdict.status != "ok":
        return 0
    kept_out = sum(
        int(pc.sum(pc.equal(clean.column("snapshot_id"), snapshot)).as_py() or 0)
        for snapshot in verdict.kept_out
    )
    before = read_status(lake, universe, VALIDATED, day).underlyings[release.underlying].rows
    return clean.num_rows - kept_out - before
