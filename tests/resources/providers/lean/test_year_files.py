"""A year in one archive: one payload, a slice a day, unpacked once."""

import datetime as dt

from resources.lake import open_lake
from resources.providers.lean import archive
from resources.providers.payload_cache import PayloadCache
from resources.raw_store import RawStore

CALL, PUT = "call_6450000_20140719", "put_6450000_20140719"
BAR = "{} 00:00,221000,231000,196000,197000,68,250000,250000,198500,200000,12"
DAYS = [dt.date(2014, 6, 6), dt.date(2014, 6, 9), dt.date(2014, 6, 10)]


def lines(*days: dt.date) -> list[str]:
    return [BAR.format(f"{day:%Y%m%d}") for day in days]


def test_many_days_unpack_an_archive_once(folder, monkeypatch):
    folder.year("quote", {CALL: lines(*DAYS)})
    unpacked = []
    honest = archive.archive_members
    monkeypatch.setattr(archive, "_days", PayloadCache(kept=12))
    monkeypatch.setattr(archive, "archive_members", lambda *a: unpacked.append(a[1]) or honest(*a))
    provider = folder.provider("AAPL", "daily")
    assert provider.available_days() == DAYS
    for day in DAYS:
        assert provider.parse(day, provider.fetch(day)).underlyings["AAPL"].quotes.num_rows == 1
    assert unpacked == ["option/usa/daily/aapl_2014_quote_american.zip"]


def test_many_days_store_an_archive_once(folder, tmp_path):
    folder.year("quote", {CALL: lines(*DAYS)})
    provider = folder.provider("AAPL", "daily")
    store = RawStore(open_lake(str(tmp_path / "lake")), "lean", "raw_quotes")
    records = [
        store.put(day.isoformat(), provider.fetch(day), received_at=dt.datetime(2014, 7, 1, tzinfo=dt.UTC))
        for day in DAYS
    ]
    assert len({record.parts[0].path for record in records}) == 1
    assert [record.parts[0].slice_rule for record in records] == [f"date={day}" for day in DAYS]
    stored = provider.parse(DAYS[0], store.load(records[0]))
    assert stored.underlyings["AAPL"].quotes.equals(
        provider.parse(DAYS[0], provider.fetch(DAYS[0])).underlyings["AAPL"].quotes
    )


def test_an_archive_that_grew_changes_nothing_for_the_days_before(folder):
    folder.year("quote", {CALL: lines(*DAYS[:2])})
    before = [folder.provider("AAPL", "daily").fetch(day)[0].slice_digest for day in DAYS[:2]]
    folder.year("quote", {CALL: lines(*DAYS), PUT: lines(DAYS[2])})
    after = [folder.provider("AAPL", "daily").fetch(day)[0].slice_digest for day in DAYS[:2]]
    assert before == after
    folder.year("quote", {CALL: [BAR.format("20140606").replace("197000", "197100"), *lines(*DAYS[1:])]})
    changed = [folder.provider("AAPL", "daily").fetch(day)[0].slice_digest for day in DAYS[:2]]
    assert changed[0] != before[0] and changed[1] == before[1]


def test_the_order_of_members_in_the_archive_does_not_matter(folder):
    folder.year("quote", {CALL: lines(DAYS[0]), PUT: lines(DAYS[0])})
    one = folder.provider("AAPL", "daily").fetch(DAYS[0])[0]
    folder.year("quote", {PUT: lines(DAYS[0]), CALL: lines(DAYS[0])})
    other = folder.provider("AAPL", "daily").fetch(DAYS[0])[0]
    assert one.payload != other.payload and one.slice_digest == other.slice_digest
