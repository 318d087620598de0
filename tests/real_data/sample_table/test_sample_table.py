"""docs/real-data.md is what the files give now, and no row of theirs is missing in it."""

import dataclasses
from collections import Counter

import pytest

from tests.real_data.sample_table.accounting import FileAccount, accounts
from tests.real_data.sample_table.generate import PAGE, text_of

pytestmark = pytest.mark.real_data


def test_the_page_is_what_the_files_give(real_data, ingested_samples) -> None:
    written = PAGE.read_text(encoding="utf-8").splitlines()
    given = text_of(real_data, list(ingested_samples.values())).splitlines()
    assert given == written, "write it again: python -m tests.real_data.sample_table --write"


def test_the_page_names_no_place_on_a_machine(real_data) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert str(real_data) not in text and "/tmp/" not in text and "/home/" not in text


def test_a_row_that_is_lost_is_told(real_data, ingested_samples) -> None:
    one = ingested_samples["cboe_spxc_2026_07"]
    day = one.days[-1]
    session = dataclasses.replace(day.sessions[0], kept=day.sessions[0].kept.slice(1))
    short = dataclasses.replace(one, days=(*one.days[:-1], dataclasses.replace(day, sessions=(session,))))
    with pytest.raises(
        AssertionError, match=r"SPXC/2026-07-31.csv.gz: 266 rows in, 265 .* 1 are unaccounted"
    ):
        accounts(real_data, [short])


def test_rows_of_a_day_that_nobody_reads_are_left_out_by_name() -> None:
    account = FileAccount("x.csv", Counter({("2026-01-02", "quote"): 3, ("2026-01-05", "quote"): 2}))
    account.days.add("2026-01-02")
    account.validated = 3
    account.settle()
    assert account.left_out == {"of days or underlyings that no universe asks for": 2}
