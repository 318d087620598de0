"""Vendor files with one defect a day, through provider, raw store, row rules and suite into the lake.

MOD's file of each session has another defect; SPY's are all good. What can be used goes on, the rest is kept in
quarantine under its reason, and the other underlying never notices.
"""

import datetime as dt
import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from assets.day_status import DayStatus, read_status
from assets.underlying_prices import price_days, universe_calendar
from assets.validation import QUARANTINED, VALIDATED, validate_days
from resources.lake import open_lake
from resources.lake.errors import LakeError
from resources.lake.lake import Lake
from resources.lake.layout import partition_path
from resources.raw_store import RawStore
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

HEADER = (
    "session_date,ticker,expiry,right,strike,option,bid,bid_size,ask,ask_size,last_trade_price,volume,"
    "open_interest,iv,delta,gamma,theta,vega,rho,theo,open,high,low,prev_day_close,change,percent_change,"
    "last_trade_time"
)
PRICES_HEADER = (
    "session_date,ticker,fetched_at_utc,payload_timestamp,current_price,close,prev_day_close,open,high,low,"
    "volume,iv30,iv30_change,last_trade_time,seqno"
)
STRIKES = range(80, 120)
ROWS = 2 * len(STRIKES)
#: sessions of March 2024, one for each defect
SESSIONS = [d for n in range(4, 29) if (d := dt.date(2024, 3, n)).weekday() < 5]

Cells = dict[str, str]
Defect = Callable[[list[Cells]], bytes | None]


def good_rows(ticker: str, day: dt.date) -> list[Cells]:
    """A chain of one expiry whose quotes are those of no other day."""
    rows = []
    for right in "CP":
        for strike in STRIKES:
            bid = 1 + max(0, 100 - strike if right == "C" else strike - 100) + day.day / 50
            rows.append(
                dict.fromkeys(HEADER.split(","), "0.0")
                | {
                    "session_date": f"{day}",
                    "ticker": ticker,
                    "expiry": "2024-04-19",
                    "right": right,
                    "strike": f"{strike}.0",
                    "option": f"{ticker}240419{right}{strike * 1000:08d}",
                    "bid": f"{bid:.2f}",
                    "bid_size": f"{day.day}.0",
                    "ask": f"{bid + 0.2:.2f}",
                    "ask_size": "11.0",
                    "last_trade_price": f"{bid + 0.1:.2f}",
                    "volume": f"{5 + day.day}.0",
                    "open_interest": "50.0",
                    "iv": "0.2",
                    "last_trade_time": f"{day}T15:59:00",
                }
            )
    return rows


def csv_text(rows: list[Cells], columns: list[str] | None = None) -> bytes:
    columns = columns or HEADER.split(",")
    return "\n".join([",".join(columns), *(",".join(r[c] for c in columns) for r in rows), ""]).encode()


def spoiled(**cells: str) -> Defect:
    """The first row with other cells."""
    return lambda rows: gzip.compress(csv_text([rows[0] | cells, *rows[1:]]), mtime=0)


def _without(column: str) -> Defect:
    columns = [c for c in HEADER.split(",") if c != column]
    return lambda rows: gzip.compress(csv_text(rows, columns), mtime=0)


def _with_unknown(rows: list[Cells]) -> bytes:
    columns = [*HEADER.split(","), "surprise"]
    return gzip.compress(csv_text([r | {"surprise": "1"} for r in rows], columns), mtime=0)


def _of_the_day_before(rows: list[Cells]) -> bytes:
    before = dt.date.fromisoformat(rows[0]["session_date"]) - dt.timedelta(days=1)
    return gzip.compress(csv_text(good_rows("MOD", before)), mtime=0)


def _twice(rows: list[Cells]) -> bytes:
    return gzip.compress(csv_text([*rows, rows[0], rows[1] | {"bid": "0.55"}]), mtime=0)


#: what the file of a session holds, and the words that must say so
UNUSABLE: dict[str, tuple[Defect, str]] = {
    "empty": (lambda rows: b"", "is empty; fetch it again"),
    "truncated": (lambda rows: gzip.compress(csv_text(rows))[:-100], "truncated or damaged gzip"),
    "utf-16": (lambda rows: gzip.compress(csv_text(rows).decode().encode("utf-16")), "convert it to UTF-8"),
    "latin-1": (lambda rows: gzip.compress(csv_text(rows).replace(b"MOD", b"M\xd6D")), "is not UTF-8"),
    "missing column": (_without("bid"), "missing column 'bid'"),
    "unknown column": (_with_unknown, "unknown column 'surprise'"),
    "another day": (_of_the_day_before, "holds session 2024-03-"),
    "nothing but a header": (lambda rows: gzip.compress(csv_text([])), "has a header but no rows"),
    "no file": (lambda rows: None, "no payload was delivered"),
}
#: rows of a usable file that are kept out, by the reason that they must have
QUARANTINED_ROWS: dict[str, tuple[Defect, str, int]] = {
    "negative price": (spoiled(bid="-1.0"), "negative_price", 1),
    "strike 0": (spoiled(strike="0.0"), "zero_strike", 1),
    "expired": (spoiled(expiry="2024-02-16"), "expired", 1),
    # of two rows that are equal the first stays; of two that differ nobody knows which is right
    "duplicates": (_twice, "duplicate_contract", 3),
    # the format has no such cells, so its adapter types none
    "NaN": (spoiled(ask="nan"), "untyped:ask", 1),
    "a NaN strike": (spoiled(strike="nan"), "untyped:strike", 1),
    "no number": (spoiled(ask="1.2x"), "untyped:ask", 1),
    "bid above ask": (spoiled(bid="90.0", ask="80.0"), "crossed", 1),
}
DAY_OF = dict(zip([*UNUSABLE, *QUARANTINED_ROWS], SESSIONS, strict=False))


@dataclass
class Market:
    """A folder of vendor files, a lake, and what the layers made of them."""

    folder: Path
    lake: Lake
    universe: UniverseSpec

    def write(self, ticker: str, day: dt.date, payload: bytes | None) -> None:
        path = self.folder / "chains" / ticker / f"{day}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        if payload is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(payload)

    def ingest(self, days: list[dt.date], lake: Lake | None = None) -> list[DayStatus]:
        """As the assets do: harvest, prices, validation."""
        lake = lake or self.lake
        sources = SourcesResource(generated_folder=str(self.folder))
        sources.harvest(self.universe, RawStore(lake, self.universe.name, "raw_quotes"), days)
        provider, calendar = sources.provider(self.universe), universe_calendar(self.universe, days[-1])
        price_days(self.universe, lake, provider, days, calendar)
        return validate_days(self.universe, lake, provider, days, calendar, lambda results: None)[0]

    def quarantine(self, day: dt.date, ticker: str = "MOD") -> list[dict[str, object]]:
        path = partition_path(self.universe.name, QUARANTINED, day.isoformat(), ticker)
        return self.lake.read_table(path).to_pylist()


def make_market(folder: Path) -> Market:
    """Good files of both underlyings for every session."""
    files = folder / "files"
    lines = []
    stock = {"style": "A", "settlement_time": "PM", "settlement_type": "physical", "multiplier": 100}
    universe = UniverseSpec.model_validate(
        {
            "name": "us_names",
            "description": "Two names.",
            "provider": {"format": "cboe_csv", "path": str(files), "known_after_minutes": 15},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2024-03-04",
            "end": "2024-03-28",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {"symbol": s, "kind": "stock", "roots": [{"root": s, **stock}]} for s in ("SPY", "MOD")
            ],
        }
    )
    market = Market(files, open_lake(str(folder / "lake")), universe)
    for day in SESSIONS:
        for ticker in ("SPY", "MOD"):
            market.write(ticker, day, gzip.compress(csv_text(good_rows(ticker, day)), mtime=0))
            lines.append(
                f"{day},{ticker},{day}T23:00:00Z,{day} 21:00:00,100.5,100.5,100.0,99.0,103.0,98.0,1000,20.0,0.1,"
                f"{day}T15:59:59,1"
            )
    (files / "underlying.csv").write_text("\n".join([PRICES_HEADER, *lines, ""]))
    return market


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Market, dict[dt.date, DayStatus]]:
    """Every defect on a day of its own, ingested in one range."""
    market = make_market(tmp_path_factory.mktemp("bad_input"))
    for name, (defect, *_) in (UNUSABLE | QUARANTINED_ROWS).items():
        market.write("MOD", DAY_OF[name], defect(good_rows("MOD", DAY_OF[name])))
    return market, {s.trade_date: s for s in market.ingest(SESSIONS)}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_file_blocks_its_underlying_with_the_reason_and_no_other(ingested, name):
    market, statuses = ingested
    status = statuses[DAY_OF[name]]
    mod, spy = status.underlyings["MOD"], status.underlyings["SPY"]
    assert mod.status == ("absent" if name == "no file" else "blocked")
    assert any(UNUSABLE[name][1] in reason for reason in mod.reasons), mod.reasons
    assert mod.rows == 0
    assert market.lake.read_table(mod.path).num_rows == 0
    assert (spy.status, spy.rows, spy.quarantined, spy.reasons) == ("ok", ROWS, 0, ())


@pytest.mark.parametrize("name", QUARANTINED_ROWS)
def test_a_bad_row_is_quarantined_with_its_reason_and_the_others_go_on(ingested, name):
    market, statuses = ingested
    _, reason, count = QUARANTINED_ROWS[name]
    day = DAY_OF[name]
    mod = statuses[day].underlyings["MOD"]
    assert mod.status == "ok", mod.reasons
    bad = market.quarantine(day)
    assert len(bad) == count == mod.quarantined
    assert all(reason in row["reasons"] for row in bad), [row["reasons"] for row in bad]
    received = len(good_rows("MOD", day)) + (2 if name == "duplicates" else 0)
    assert mod.rows == received - count
    clean = market.lake.read_table(mod.path)
    assert clean.num_rows == mod.rows
    assert statuses[day].underlyings["SPY"].rows == ROWS


def test_nothing_received_is_ever_lost(ingested):
    market, _ = ingested
    store = RawStore(market.lake, market.universe.name, "raw_quotes")
    for day in SESSIONS:
        path = market.folder / "chains" / "MOD" / f"{day}.csv.gz"
        kept = [
            p.payload for p in store.load(store.require(day.isoformat())) if p.name.startswith("chains/MOD")
        ]
        assert kept == ([path.read_bytes()] if path.exists() else [])


class TestWhatWasThereBefore:
    """A bad file never destroys a good harvest, and a failed write never a good layer."""

    DAY = SESSIONS[0]

    @pytest.fixture
    def market(self, tmp_path) -> Market:
        market = make_market(tmp_path)
        market.ingest([self.DAY])
        return market

    def test_a_bad_file_is_a_new_version_beside_the_old_one(self, market):
        good = (market.folder / f"chains/MOD/{self.DAY}.csv.gz").read_bytes()
        before = read_status(market.lake, market.universe, VALIDATED, self.DAY)
        market.write("MOD", self.DAY, good[:-100])
        blocked = market.ingest([self.DAY])[0].underlyings["MOD"]
        assert blocked.status == "blocked" and "truncated" in blocked.reasons[0]
        store = RawStore(market.lake, market.universe.name, "raw_quotes")
        versions = store.versions(self.DAY.isoformat())
        assert [v.sequence for v in versions] == [1, 2]
        payloads = [[p.payload for p in store.load(v) if p.name.startswith("chains/MOD")] for v in versions]
        assert payloads == [[good], [good[:-100]]]
        market.write("MOD", self.DAY, good)
        market.ingest([self.DAY])
        after = read_status(market.lake, market.universe, VALIDATED, self.DAY)
        assert {n: u.digest for n, u in after.underlyings.items()} == {
            n: u.digest for n, u in before.underlyings.items()
        }
        assert [v.sequence for v in store.versions(self.DAY.isoformat())] == [1, 2, 3]

    def test_a_file_that_the_source_has_dropped_does_not_undo_its_harvest(self, market):
        for ticker in ("MOD", "SPY"):
            market.write(ticker, self.DAY, None)
        (market.folder / "underlying.csv").write_text(PRICES_HEADER + "\n")
        kept = market.ingest([self.DAY])[0]
        assert {n: u.status for n, u in kept.underlyings.items()} == {"MOD": "ok", "SPY": "ok"}

    @pytest.mark.parametrize("write", [1, 2, 3, 5])
    def test_a_full_disk_leaves_every_file_as_it_was(self, market, monkeypatch, write):
        """The n-th write of the rebuild fails; what was written stays whole, and nothing reads a mixture."""
        root = Path(market.lake.uri)
        before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}
        market.write("MOD", self.DAY, gzip.compress(csv_text(good_rows("MOD", self.DAY)[:-5])))
        market.write("SPY", self.DAY, gzip.compress(csv_text(good_rows("SPY", self.DAY)[:-5])))
        sources = SourcesResource(generated_folder=str(market.folder))
        sources.harvest(market.universe, RawStore(market.lake, "us_names", "raw_quotes"), [self.DAY])
        writes = 0
        flush = os.fsync

        def full(descriptor: int) -> None:
            nonlocal writes
            writes += 1
            if writes == write:
                raise OSError(28, "No space left on device")
            flush(descriptor)

        monkeypatch.setattr("resources.lake.local.os.fsync", full)
        with pytest.raises(LakeError, match=r"No space left on device.*the file as it was is untouched"):
            provider, calendar = (
                sources.provider(market.universe),
                universe_calendar(market.universe, self.DAY),
            )
            validate_days(market.universe, market.lake, provider, [self.DAY], calendar, lambda results: None)
        monkeypatch.undo()
        assert not [p for p in root.rglob("*") if p.name.startswith(".")]
        status_file = root / f"us_names/{VALIDATED}/{self.DAY}/_status.json"
        assert status_file.read_bytes() == before[status_file]
        status = read_status(market.lake, market.universe, VALIDATED, self.DAY)
        for u in status.underlyings.values():
            path = root / u.path
            if path.read_bytes() == before[path]:
                assert market.lake.read_table(u.path, sha256=u.sha256).num_rows == ROWS
            else:
                # the new file is whole, but its status is not there yet: it is refused, not half believed
                assert market.lake.read_table(u.path).num_rows == ROWS - 5
                with pytest.raises(LakeError, match="interrupted; materialize its asset again"):
                    market.lake.read_table(u.path, sha256=u.sha256)
