"""Releases on record: append-only, the same decision once, revocations beside what they revoke."""

import datetime as dt

import pytest

from resources.data_quality.release_rules import ReleaseError
from resources.data_quality.releases import Release, ReleaseStore, overruled_checks, release_inputs
from resources.lake import open_lake

AT = dt.datetime(2026, 7, 24, 9, 30, tzinfo=dt.UTC)
FRIDAY, MONDAY = dt.date(2026, 7, 24), dt.date(2026, 7, 27)


def release(**fields) -> Release:
    given = {
        "universe": "us",
        "underlying": "SPY",
        "first": FRIDAY,
        "last": MONDAY,
        "reasons": ("crossed",),
        "fix": "swap_bid_ask",
        "because": "the vendor swapped the sides, ticket 12",
        "released_by": "ann",
        "released_at": AT,
    }
    return Release(**{**given, **fields})


@pytest.fixture
def store(tmp_path) -> ReleaseStore:
    return ReleaseStore(open_lake(str(tmp_path / "lake")), "us")


def test_a_release_comes_back_as_it_was_made_with_its_record(store):
    kept = store.add(release())
    assert store.all() == [kept] == store.in_force()
    assert kept.record is not None and release_inputs([kept]) == dict([kept.record])


def test_the_id_says_what_was_decided_not_who_or_when(store):
    first = store.add(release())
    again = store.add(release(released_by="bob", released_at=AT + dt.timedelta(days=1), because="as above"))
    assert again == first and len(store.all()) == 1
    assert release(fix="accept").id != first.id != release(last=FRIDAY).id


def test_a_revoked_release_is_kept_with_both_reasons_and_covers_nothing(store):
    made = store.add(release())
    revoked = store.revoke(made.id[:5], by="bob", at=AT + dt.timedelta(days=2), because="sides were right")
    assert store.all() == [revoked] and store.in_force() == []
    assert (revoked.because, revoked.revoked_because) == (made.because, "sides were right")
    assert not revoked.covers("SPY", FRIDAY) and made.covers("SPY", FRIDAY)
    with pytest.raises(ReleaseError, match="revoked on 2026-07-26 already"):
        store.revoke(made.id, by="bob", at=AT, because="again")
    with pytest.raises(ReleaseError, match="was revoked by bob"):
        store.add(release())


def test_the_older_version_stands_beside_the_revocation(store):
    made = store.add(release())
    store.revoke(made.id, by="bob", at=AT, because="sides were right")
    (now,) = store.all()
    assert made.record is not None and now.record is not None and now.record[0] != made.record[0]
    assert store._store.lake.exists(made.record[0])


def test_a_session_check_is_overruled_for_its_sessions_only():
    found = overruled_checks(
        [release(reasons=("session:repeated_quotes",), fix="accept")], [FRIDAY, dt.date(2026, 7, 28)]
    )
    assert found == {(FRIDAY, "SPY"): frozenset({"repeated_quotes"})}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"because": " "}, "--because"),
        ({"last": dt.date(2026, 7, 1)}, "swap the dates"),
        ({"reasons": ()}, "names at least one reason"),
        ({"reasons": ("crossed", "session:row_count"), "fix": "accept"}, "make two releases"),
        ({"reasons": ("session:row_count",)}, "no fix but accept"),
        ({"reasons": ("session:present",), "fix": "accept"}, "present is no check that can be overruled"),
        ({"reasons": ("session:crossed",), "fix": "accept"}, "crossed is no check that can be overruled"),
        ({"fix": "mend"}, "is unknown"),
    ],
)
def test_a_release_that_cannot_be_is_refused_with_the_way_out(fields, said):
    with pytest.raises(ReleaseError, match=said):
        release(**fields)


def test_a_release_that_does_not_exist_is_named_with_those_that_do(store):
    made = store.add(release())
    with pytest.raises(ReleaseError, match=f"0 releases of us begin with zzz; known: {made.id}"):
        store.revoke("zzz", by="bob", at=AT, because="x")
