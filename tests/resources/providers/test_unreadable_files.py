"""Bad files block their underlying with a message that names file, rule and way out; the others go on."""

import datetime as dt
import gzip

import pytest

from resources.providers.registry import make_provider

DAY = dt.date(2026, 7, 22)
D = "2026-07-22"


@pytest.fixture
def outcome(cboe_universe, folder, row):
    """Parses a day on which MOD has the given payload and SPY a good one; returns MOD's problem."""

    def run(payload: bytes, suffix: str = ".csv.gz") -> str:
        for ticker in ("SPY", "MOD"):
            folder.underlying(ticker, D, "2026-07-22 21:00:00", current=100, close=100)
        folder.chain("SPY", D, [row(D, "SPY", "SPY", "2026-08-21")])
        folder.raw_chain("MOD", D, payload, suffix)
        provider = make_provider(cboe_universe, folder.path)
        day = provider.parse(DAY, provider.fetch(DAY))
        assert day.underlyings["SPY"].problem is None
        assert day.underlyings["SPY"].quotes.num_rows == 1
        assert day.underlyings["MOD"].quotes.num_rows == 0
        problem = day.underlyings["MOD"].problem
        assert problem is not None
        return problem

    return run


@pytest.fixture
def good(folder, row) -> bytes:
    path = folder.chain("MOD", D, [row(D, "MOD", "MOD", "2026-08-21", strike=100 + i) for i in range(50)])
    text = gzip.decompress(path.read_bytes())
    path.unlink()
    return text


def test_empty(outcome):
    assert "MOD/2026-07-22.csv.gz is empty; fetch it again" in outcome(b"")
    assert "MOD/2026-07-22.csv.gz is empty" in outcome(gzip.compress(b"\n"))


def test_header_only(outcome, good):
    assert "has a header but no rows" in outcome(gzip.compress(good.split(b"\n")[0] + b"\n"))


def test_truncated_gzip(outcome, good):
    assert "truncated or damaged gzip" in outcome(gzip.compress(good)[:-200])


def test_damaged_gzip(outcome, good):
    payload = bytearray(gzip.compress(good))
    payload[-6] ^= 0xFF
    assert "truncated or damaged gzip" in outcome(bytes(payload))


def test_plain_text_named_gz(outcome, good):
    assert "named .gz but is no gzip" in outcome(good)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_wrong_encoding(outcome, good, encoding):
    problem = outcome(good.decode().encode(encoding), ".csv")
    assert "convert it to UTF-8" in problem


def test_latin_1(outcome, good):
    assert "is not UTF-8" in outcome(good.replace(b"MOD", b"M\xd6D"), ".csv")


def test_missing_column(outcome, good):
    lines = [b",".join(line.split(b",")[:6] + line.split(b",")[7:]) for line in good.split(b"\n") if line]
    assert "missing column 'bid'" in outcome(b"\n".join(lines), ".csv")


def test_unknown_column(outcome, good):
    lines = [line + b",1" for line in good.split(b"\n") if line]
    lines[0] = lines[0].removesuffix(b",1") + b",surprise"
    assert "unknown column 'surprise'" in outcome(b"\n".join(lines), ".csv")


def test_renamed_column_names_both(outcome, good):
    problem = outcome(good.replace(b",bid,", b",Bid,", 1), ".csv")
    assert "missing column 'bid'" in problem and "unknown column 'Bid'" in problem


def test_repeated_column(outcome, good):
    assert "repeated column 'bid'" in outcome(good.replace(b",ask,", b",bid,", 1), ".csv")


def test_html_error_page(outcome):
    assert "missing column" in outcome(b"<html><body>403 Forbidden</body></html>\n", ".csv")


def test_a_file_of_another_day_than_its_name_says(outcome, folder, row):
    payload = folder.chain("MOD", D, [row("2026-07-21", "MOD", "MOD", "2026-08-21")]).read_bytes()
    assert "holds session 2026-07-21, not 2026-07-22" in outcome(payload)


def test_a_file_of_another_underlying(outcome, folder, row):
    payload = folder.chain("MOD", D, [row(D, "SPXC", "SPXC", "2026-08-21")]).read_bytes()
    assert "holds SPXC, not MOD" in outcome(payload)


def test_two_files_for_one_day(outcome, folder, good):
    folder.raw_chain("MOD", D, gzip.compress(good))
    assert "both claim MOD on 2026-07-22" in outcome(good, ".csv")


def test_a_byte_order_mark_and_windows_line_ends_are_fine(cboe_universe, folder, good):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    folder.raw_chain("MOD", D, b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n"), ".csv")
    provider = make_provider(cboe_universe, folder.path)
    parsed = provider.parse(DAY, provider.fetch(DAY)).underlyings["MOD"]
    assert (parsed.problem, parsed.quotes.num_rows, parsed.rejected.num_rows) == (None, 50, 0)


def test_a_file_cut_off_in_the_middle_of_a_line_loses_only_that_line(cboe_universe, folder, good):
    folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
    folder.raw_chain("MOD", D, good[:-60], ".csv")
    provider = make_provider(cboe_universe, folder.path)
    parsed = provider.parse(DAY, provider.fetch(DAY)).underlyings["MOD"]
    assert (parsed.problem, parsed.quotes.num_rows) == (None, 49)
    assert parsed.rejected.to_pylist()[0]["reasons"] == ["untyped:row"]


class TestUnderlyingFile:
    """``underlying.csv`` tells when a chain is from: without it none can be used."""

    @pytest.fixture
    def problem(self, cboe_universe, folder, row):
        def run() -> str | None:
            folder.chain("MOD", D, [row(D, "MOD", "MOD", "2026-08-21")])
            provider = make_provider(cboe_universe, folder.path)
            parsed = provider.parse(DAY, provider.fetch(DAY)).underlyings["MOD"]
            assert parsed.problem is None or parsed.quotes.num_rows == 0
            return parsed.problem

        return run

    def test_missing(self, problem):
        assert "no line of MOD for 2026-07-22" in problem()

    def test_without_the_ticker(self, problem, folder):
        folder.underlying("SPY", D, "2026-07-22 21:00:00", current=100, close=100)
        assert "no line of MOD for 2026-07-22" in problem()

    def test_damaged(self, problem, folder):
        folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
        path = folder.path / "underlying.csv"
        (folder.path / "underlying.csv.gz").write_bytes(gzip.compress(path.read_bytes())[:-20])
        path.unlink()
        assert "underlying.csv.gz is a truncated" in problem()

    def test_with_an_untyped_line(self, problem, folder):
        folder.underlying("MOD", D, "noon", current=100, close=100)
        assert "untyped:payload_timestamp" in problem()

    @pytest.mark.parametrize(
        ("close", "why"), [("nan", "untyped:close"), ("-5", "impossible:close"), ("inf", "untyped:close")]
    )
    def test_with_an_impossible_price(self, problem, folder, close, why):
        folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=close)
        assert why in problem()

    def test_with_two_different_lines(self, problem, folder):
        folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
        folder.underlying("MOD", D, "2026-07-22 22:00:00", current=100, close=100)
        assert "2 different lines of MOD" in problem()

    def test_with_the_same_line_twice_is_fine(self, problem, folder):
        folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
        folder.underlying("MOD", D, "2026-07-22 21:00:00", current=100, close=100)
        assert problem() is None
