"""Text files that are not what they should be: refused as a whole, or set aside row by row, never half used."""

import gzip

import pytest

from resources.providers.payload_text import UnreadablePayloadError
from resources.reference.dated_csv import compact_date, iso_date, month_first_date
from tests.resources.reference.formats import SAMPLES, Sample

every_format = pytest.mark.parametrize("sample", SAMPLES, ids=[s.name for s in SAMPLES])


def read(sample: Sample, text: str):
    return sample.read(text.encode(), sample.file)


def reasons(sample: Sample, *lines: str) -> list[list[str]]:
    """Why rows were set aside that are added to a good file; the good rows stay what they were."""
    before, after = read(sample, sample.text), read(sample, "\n".join((*sample.lines, *lines, "")))
    assert after.rows_in == before.rows_in + len(lines)
    known = before.rejected["raw"].to_pylist()
    return [r["reasons"] for r in after.rejected.to_pylist() if r["raw"] not in known]


def spoiled(sample: Sample, cell: int, value: str, line: int = 1) -> str:
    cells = sample.lines[line].split(",")
    cells[cell] = value
    return ",".join(cells)


@every_format
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b"", "empty"),
        (lambda b: b" \n\n", "empty"),
        (lambda b: gzip.compress(b)[:-9], "truncated or damaged gzip"),
        (lambda b: b.replace(b"2026", b"20\x0026").replace(b"2023", b"20\x0023"), "NUL"),
        (lambda b: b.decode().encode("utf-16"), "UTF-8"),
        (lambda b: b.split(b"\n")[0] + b"\n", "header but no rows"),
        (lambda b: b"\n".join(line.partition(b",")[2] for line in b.split(b"\n")), "column|header"),
        (lambda b: b.replace(b"\n", b",extra\n", 1), "unknown column|header|repeated"),
        (lambda b: b"<html>Too many requests</html>\n", "column|header"),
    ],
    ids=["nothing", "blank", "truncated", "nul", "utf16", "header", "missing", "unknown", "html"],
)
def test_a_file_that_is_none_is_refused_by_name(sample, change, message):
    with pytest.raises(UnreadablePayloadError, match=message) as caught:
        sample.read(change(sample.text.encode()), sample.file)
    assert sample.file in str(caught.value)


@every_format
@pytest.mark.parametrize(
    "change",
    [
        lambda b: b"\xef\xbb\xbf" + b,
        lambda b: b.replace(b"\n", b"\r\n"),
        lambda b: gzip.compress(b),
        lambda b: b.rstrip(b"\n"),
        lambda b: b.replace(b"\n", b"\n\n"),
        lambda b: b"\n".join([b.split(b"\n")[0], *reversed(b.rstrip(b"\n").split(b"\n")[1:]), b""]),
    ],
    ids=["bom", "crlf", "gzip", "no last newline", "blank lines", "other order"],
)
def test_the_same_rows_in_another_dress_are_the_same(sample, change):
    plain, changed = read(sample, sample.text), sample.read(change(sample.text.encode()), sample.file)
    assert changed.table.equals(plain.table)
    assert changed.rejected.equals(plain.rejected)
    assert changed.rows_in == plain.rows_in


@every_format
def test_a_row_of_too_few_or_too_many_cells_is_set_aside(sample):
    short, long = sample.lines[1].rpartition(",")[0], sample.lines[1] + ",7"
    assert reasons(sample, short, long) == [["untyped:row"]] * 2


@every_format
@pytest.mark.parametrize(
    "date",
    ["", "soon", "2026-02-30", "2026-7-21", "20260230", "13/13/2026", "2026-07-21T00:00", "9999-12-31"],
)
def test_a_row_without_a_date_of_the_format_is_set_aside(sample, date):
    at = [cell.lower() for cell in sample.lines[0].split(",")]
    place = next(i for i, cell in enumerate(at) if cell in ("date", "dates"))
    (found,) = reasons(sample, spoiled(sample, place, date))
    assert found == [f"untyped:{sample.lines[0].split(',')[place]}"]


@every_format
def test_rows_of_one_day_that_say_the_same_count_once_and_others_not_at_all(sample):
    first = sample.lines[1]
    twice = read(sample, "\n".join((*sample.lines, first, "")))
    assert twice.table.equals(read(sample, sample.text).table)
    assert twice.quarantined_by_reason()["repeated_row"] == 1
    # the third cell from the right is a number in every format but those of two columns
    at = -3 if first.count(",") > 1 else 1
    at = 2 if sample.name.startswith(("tiingo", "quandl")) else at
    other = read(sample, "\n".join((*sample.lines, spoiled(sample, at, "1.25"), "")))
    assert other.quarantined_by_reason()["conflicting_rows"] == 2
    # none of the two is used
    assert other.rows_accepted == twice.rows_accepted - 1


@pytest.mark.parametrize("sample", SAMPLES[:4], ids=[s.name for s in SAMPLES[:4]])
@pytest.mark.parametrize("value", ["four", "nan", "inf", "-inf", "400", "1e9"])
def test_what_is_no_rate_is_set_aside(sample, value):
    row = spoiled(sample, 1, value).replace("07-21", "07-20").replace("20260721", "20260720")
    if sample.name == "sofr_ohlc_csv":
        row = ",".join(("20260720", value, value, value, value, "0"))
    if sample.name == "lean_interest_rate":
        row = f"2023-05-03,{value}"
    (found,) = reasons(sample, row)
    assert all(reason.startswith(("untyped:", "out_of_range:", "not_one_rate")) for reason in found)


def test_a_day_with_several_prices_is_no_rate():
    sofr = next(s for s in SAMPLES if s.name == "sofr_ohlc_csv")
    assert reasons(sofr, "20260720,3.6,3.7,3.6,3.6,0") == [["not_one_rate"]]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("2026-07-04,17.4,18.0,16.8,17.0", ["not_a_session"]),
        ("2026-07-03,17.4,18.0,16.8,17.0", ["not_a_session"]),
        ("1889-07-03,17.4,18.0,16.8,17.0", ["not_a_session"]),
        ("2026-07-20,17.4,18.0,16.8,0", ["close_outside_range", "not_a_price:close"]),
        ("2026-07-20,17.4,18.0,16.8,nan", ["untyped:CLOSE"]),
        ("2026-07-20,17.4,18.0,16.8,", ["untyped:CLOSE"]),
        ("2026-07-20,17.4,16.0,16.8,16.5", ["close_outside_range", "high_below_low", "open_outside_range"]),
        ("2026-07-20,19.4,18.0,16.8,17.0", ["open_outside_range"]),
        ("2026-07-20,17.4,18.0,16.8,-17.0", ["close_outside_range", "not_a_price:close"]),
        ("2026-07-20,inf,18.0,16.8,17.0", ["untyped:OPEN"]),
    ],
)
def test_a_bar_that_no_session_made_is_set_aside(row, found):
    vix = next(s for s in SAMPLES if s.name == "vix_daily_csv")
    assert reasons(vix, row) == [found]


def test_a_bar_may_lack_everything_but_its_close():
    vix = next(s for s in SAMPLES if s.name == "vix_daily_csv")
    assert reasons(vix, "2026-07-20,,,,17.0") == []
    row = read(vix, "\n".join((vix.lines[0], "2026-07-20,,,,17.0", ""))).table.to_pylist()[0]
    assert (row["open"], row["high"], row["volume"], row["close"]) == (None, None, None, 17.0)


@pytest.mark.parametrize("date", ["2026-07-22", "2026-07-23"])
def test_the_newest_row_of_yahoo_is_kept_out_wherever_it_stands(date):
    yahoo = next(s for s in SAMPLES if s.name == "yahoo_daily_csv")
    lines = [line for line in yahoo.lines if not line.startswith("2026-07-23")]
    lines.insert(1, f"{date},17,18,16,17") if date == "2026-07-23" else lines.reverse() or lines.sort(
        reverse=True
    )
    parsed = read(yahoo, "\n".join((*lines, "")))
    (kept_out,) = parsed.rejected.to_pylist()
    assert (str(kept_out["day"]), kept_out["reasons"]) == (date, ["last_row_may_be_intraday"])


@pytest.mark.parametrize(("cell", "value", "found"), [
    ("divCash", "-0.1", "not_a_dividend"), ("divCash", "nan", "untyped:divCash"), ("splitFactor", "0", "not_a_split"),
    ("splitFactor", "-2", "not_a_split"), ("splitFactor", "inf", "untyped:splitFactor"),
    ("splitFactor", "", "untyped:splitFactor"),
])  # fmt: skip
def test_an_impossible_event_is_set_aside(cell, value, found):
    for name in ("tiingo_daily_csv", "tiingo_daily_csv events"):
        sample = next(s for s in SAMPLES if s.name == name)
        place = sample.lines[0].split(",").index(cell)
        assert reasons(sample, spoiled(sample, place, value).replace("2026-07-21", "2026-07-20")) == [[found]]


def test_the_event_of_a_row_with_wrong_prices_is_not_lost():
    bars, events = (next(s for s in SAMPLES if s.name == f"tiingo_daily_csv{n}") for n in ("", " events"))
    bad = "VOO,2026-07-20,101,90,99,100,5000,1,1,1,1,1,0.5,1.0"
    assert reasons(bars, bad) != [] and reasons(events, bad) == []
    amounts = read(events, "\n".join((events.text.rstrip(), bad, ""))).table["cash_amount"].to_pylist()
    assert 0.5 in amounts


@pytest.mark.parametrize(
    ("reader", "good", "bad"),
    [
        (iso_date, "2026-07-22", ["2026-W30-3", "20260722", "2026-07-22 ", "２０２６-07-22", "2026-02-29"]),
        (compact_date, "20260722", ["2026-07-22", "2026072", "20261322", "२०२६0722"]),
        (month_first_date, "7/22/2026", ["22/7/2026", "7-22-2026", "7/22/26", "2/29/2026"]),
    ],
)
def test_dates_are_read_in_the_one_form_of_their_format(reader, good, bad):
    assert reader(good).isoformat() == "2026-07-22"
    for text in bad:
        with pytest.raises(ValueError):
            reader(text)
