"""A risk site's archive: the index tells the day, a call and a put of one line are judged each for itself."""

import datetime as dt
import gzip
import json
from pathlib import Path

import pytest

from resources.providers.contract import load_case
from resources.providers.protocol import ProviderError
from resources.providers.registry import make_provider

DAY = dt.date(2026, 7, 2)
CASE = load_case(Path(__file__).parent / "contract_cases" / "risk_site_json.py")


class Archive:
    """The case's folder, with changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        CASE.write(path)
        self.folder = path / "archive" / "2026-07-02"
        self.detail = json.loads(gzip.decompress((self.folder / "detail" / "CRWD.json.gz").read_bytes()))
        self.index = json.loads((self.folder / "index.json").read_text())

    def parse(self, day: dt.date = DAY):
        (self.folder / "detail" / "CRWD.json.gz").write_bytes(gzip.compress(json.dumps(self.detail).encode()))
        (self.folder / "index.json").write_text(json.dumps(self.index))
        provider = make_provider(CASE.universe, self.path)
        return provider.parse(day, provider.fetch(DAY))


@pytest.fixture
def archive(tmp_path) -> Archive:
    return Archive(tmp_path)


def test_old_and_new_strikes_of_a_split_day_are_contracts_of_their_own(archive):
    quotes = archive.parse().underlyings["CRWD"].quotes
    assert sorted(set(quotes["strike"].to_pylist())) == [138.13, 287.5, 1150.0]
    assert len(set(quotes["symbol"].to_pylist())) == quotes.num_rows == 6


def test_one_leg_of_a_line_may_be_unusable_alone(archive):
    archive.detail["contracts"] = [
        {**archive.detail["contracts"][0], "putVolume": "many"},
        {**archive.detail["contracts"][1], "callOption": "2026-07-17_287.50_Put"},
        {**archive.detail["contracts"][2], "callOption": None},
        {**archive.detail["contracts"][2], "putOption": "2056-07-17_138.13_Put"},
    ]
    parsed = archive.parse().underlyings["CRWD"]
    assert sorted(tuple(r) for r in parsed.rejected["reasons"].to_pylist()) == [
        ("expiry_out_of_range",),
        ("untyped:callOption",),
        ("untyped:callOption",),
        ("untyped:putVolume",),
    ]
    assert parsed.quotes.num_rows == 4


def test_the_price_of_a_name_is_the_index_s_also_without_a_chain(archive):
    (archive.folder / "detail" / "CRWD.json.gz").unlink()
    provider = make_provider(CASE.universe, archive.path)
    assert provider.available_days() == [DAY]
    day = provider.parse(DAY, provider.fetch(DAY))
    assert day.underlyings == {}
    (price,) = day.underlying_prices.to_pylist()
    assert (price["underlying"], price["close"]) == ("CRWD", 193.98)
    assert price["ts"] == dt.datetime(2026, 7, 2, 20, 0, tzinfo=dt.UTC)


def test_a_page_taken_within_the_session_shows_that_moment(archive):
    archive.index["updated"] = "2026-07-02T17:30:00Z"
    day = archive.parse()
    parsed, moment = day.underlyings["CRWD"], dt.datetime(2026, 7, 2, 17, 30, tzinfo=dt.UTC)
    assert set(parsed.quotes["ts"].to_pylist()) == {moment}
    assert parsed.payload_ts_us == int(moment.timestamp() * 1e6)
    assert day.underlying_prices["ts"].to_pylist() == [moment]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"date": "2026-07-01"}, "index.json is of 2026-07-01, not of 2026-07-02"),
        ({"date": "yesterday"}, "date 'yesterday' is none"),
        ({"updated": "2026-07-02T23:12:40"}, "is no time with a zone"),
        ({"updated": None}, "is no time with a zone"),
        ({"data": []}, "names no ticker in data"),
        ({"data": [{"code": "CRWD", "underlyingPrice": -1}]}, "underlyingPrice is '-1', no number above 0"),
        (
            {"data": [{"code": "CRWD", "underlyingPrice": 772.74}]},
            "has CRWD at 193.98, index.json at 772.74: they are not of one day",
        ),
        (
            {"data": [{"code": "CRWD", "underlyingPrice": p} for p in (193.98, 194)]},
            "index.json has several prices of CRWD",
        ),
    ],
)
def test_an_index_that_does_not_vouch_for_the_day_blocks_the_chain(archive, change, why):
    archive.index |= change
    day = archive.parse()
    parsed = day.underlyings["CRWD"]
    assert why in parsed.problem and "detail/CRWD.json.gz" in parsed.problem
    assert parsed.quotes.num_rows == 0


def test_a_chain_without_an_index_is_of_an_unknown_day(archive):
    (archive.folder / "index.json").unlink()
    provider = make_provider(CASE.universe, archive.path)
    day = provider.parse(DAY, provider.fetch(DAY))
    assert "there is no index.json of 2026-07-02" in day.underlyings["CRWD"].problem
    assert len(day.problems) == 1


def test_a_renamed_field_is_no_chain_of_missing_prices(archive):
    for line in archive.detail["contracts"]:
        line["callLast"] = line.pop("callPrice")
    assert "no line has callPrice" in archive.parse().underlyings["CRWD"].problem


def test_a_closed_day_is_a_problem_not_an_error(archive):
    archive.index["date"] = "2026-07-03"
    day = archive.parse(dt.date(2026, 7, 3))
    assert "2026-07-03 is no session of XNYS" in day.underlyings["CRWD"].problem
    assert day.underlying_prices.num_rows == 0


def test_several_roots_cannot_be_told_apart(tmp_path):
    spec = CASE.universe.underlyings[0]
    other = spec.roots[0].model_copy(update={"root": "CRWD1"})
    several = CASE.universe.model_copy(
        update={"underlyings": (spec.model_copy(update={"roots": (*spec.roots, other)}),)}
    )
    with pytest.raises(ProviderError, match="does not tell the roots of CRWD apart; name one"):
        make_provider(several, tmp_path)
