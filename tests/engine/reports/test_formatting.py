import pytest

from engine.reports import formatting as f


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (f.percent(0.0512), "5.12%"),
        (f.percent(-0.00001), "0.00%"),
        (f.percent(-0.1, 0), "−10%"),
        (f.percent(None), "–"),
        (f.percent(float("nan")), "–"),
        (f.number(1234.5), "1,234.50"),
        (f.compact(4350.0), "4,350"),
        (f.compact(0.00012345678), "0.000123457"),
        (f.money(-1349.9, "USD"), "−1,349.90 USD"),
        (f.money(12.0, "USD", signed=True), "+12.00 USD"),
        (f.money(0.0123456, "BTC"), "0.012346 BTC"),
        (f.money(None, "USD"), "–"),
        (f.day(20000), "2024-10-04"),
        (f.instant(1_728_000_000_000_000), "2024-10-04 00:00"),
        (f.value(True), "True"),
        (f.value(0.16), "0.16"),
        (f.value([1, 2]), "[1, 2]"),
    ],
)
def test_a_reader_sees(found, expected):
    assert found == expected
