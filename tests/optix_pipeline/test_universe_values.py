"""A value of a universe that cannot work is refused with file, line, field and the way out."""

import re

import pytest

from optix_pipeline.yaml_specs import SpecError, load_spec
from resources.universe import UniverseSpec

GOOD = """\
name: mine
description: one stock
provider:
  format: cboe_csv
  path: "x"
  known_after_minutes: 15
calendar: XNYS
timezone: America/New_York
start: 2026-01-02
end: 2026-06-30
quote_currency: USD
settlement_currency: USD
underlyings:
  - symbol: ACME
    kind: stock
    roots:
      - {root: ACME, style: A, settlement_time: PM, settlement_type: physical, multiplier: 100, trading_close: "16:00"}
quality:
  stale_after_minutes: 60
"""
ROOT = "underlyings.0.roots.0"


def load(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return load_spec(path, UniverseSpec)


@pytest.mark.parametrize(
    ("change", "line", "field", "says"),
    [
        (("America/New_York", "America/NewYork"), 8, "timezone", "write one such as America/New_York"),
        (("America/New_York", "America"), 8, "timezone", "no IANA time zone"),
        (("America/New_York", "/etc/passwd"), 8, "timezone", "no IANA time zone"),
        (("XNYS", "XNYSE"), 7, "calendar", "write one such as XNYS"),
        (("XNYS", "xnys"), 7, "calendar", "neither 24/7 nor a code"),
        (("XNYS", "../x"), 7, "calendar", "neither 24/7 nor a code"),
        (('"16:00"', '"25:00"'), 17, f"{ROOT}.trading_close", '"00:00" to "23:59"'),
        (('"16:00"', '"24:00"'), 17, f"{ROOT}.trading_close", '"00:00" to "23:59"'),
        (('"16:00"', '"16:60"'), 17, f"{ROOT}.trading_close", '"00:00" to "23:59"'),
        (("minutes: 15", "minutes: 15000000000000"), 6, "provider.known_after_minutes", "less than or equal"),
        (("minutes: 15", "minutes: .nan"), 6, "provider.known_after_minutes", "finite number"),
        (("minutes: 60", "minutes: 1.0e+300"), 19, "quality.stale_after_minutes", "less than or equal"),
        (("minutes: 60", "minutes: 0"), 19, "quality.stale_after_minutes", "greater than 0"),
        (("2026-01-02", "1025-07-01"), 9, "start", "not between 1900-01-01 and 2100-12-31; correct the year"),
        (("2026-06-30", "2926-06-30"), 10, "end", "not between 1900-01-01 and 2100-12-31; correct the year"),
        (("quote_currency: USD", "quote_currency: US"), 11, "quote_currency", "three to five capital letters"),
        (("settlement_currency: USD", "settlement_currency: usd"), 12, "settlement_currency", "capital letters"),
        (("multiplier: 100", "multiplier: .inf"), 17, f"{ROOT}.multiplier", "finite number"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_work(tmp_path, change, line, field, says):
    assert change[0] in GOOD
    with pytest.raises(SpecError, match=rf"mine\.yaml:{line}: {re.escape(field)}: ") as error:
        load(tmp_path, GOOD.replace(*change, 1))
    assert says in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "change",
    [
        ("XNYS", '"24/7"'),
        ("XNYS", "NYSE"),
        ("XNYS", "XETR"),
        ("America/New_York", "UTC"),
        ('"16:00"', '"00:00"'),
        ('"16:00"', '"23:59"'),
        ("quote_currency: USD", "quote_currency: USDC"),
        ("minutes: 15", "minutes: 0"),
        ("2026-01-02", "1900-01-01"),
    ],
)
def test_a_value_that_works(tmp_path, change):
    assert change[0] in GOOD
    load(tmp_path, GOOD.replace(*change, 1))
