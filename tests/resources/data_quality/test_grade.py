"""Grades follow their precedence, and sit exactly on their limits."""

import numpy as np
import pytest

from engine.instruments.terms import QuoteGrade
from resources.data_quality.grade import grade_quotes
from resources.universe import QualitySpec

NAN = np.nan
SPEC = QualitySpec(wide_relative_spread=0.5, stale_after_minutes=60)

CASES = [
    ("crossed beats stale", 5.1, 5.0, 1e6, QuoteGrade.CROSSED),
    ("locked beats stale", 5.0, 5.0, 1e6, QuoteGrade.LOCKED),
    ("no side at all", NAN, NAN, 1e6, QuoteGrade.NO_QUOTE),
    ("bid only", 5.0, NAN, 1e6, QuoteGrade.ONE_SIDED),
    ("ask only", NAN, 5.0, 0.0, QuoteGrade.ONE_SIDED),
    ("stale beats wide", 1.0, 5.0, 3600.1, QuoteGrade.STALE),
    ("as old as allowed", 5.0, 5.1, 3600.0, QuoteGrade.FIRM),
    ("spread as wide as allowed", 3.0, 5.0, 0.0, QuoteGrade.FIRM),
    ("spread above the limit", 2.99, 5.0, 0.0, QuoteGrade.WIDE),
    ("unknown age is not stale", 5.0, 5.1, NAN, QuoteGrade.FIRM),
    ("unknown age can be wide", 1.0, 5.0, NAN, QuoteGrade.WIDE),
]


@pytest.mark.parametrize(("name", "bid", "ask", "age_seconds", "grade"), CASES)
def test_grade(name, bid, ask, age_seconds, grade):
    graded = grade_quotes(np.array([bid]), np.array([ask]), np.array([age_seconds]), SPEC)
    assert QuoteGrade(int(graded[0])) is grade, name


def test_grades_are_int8_row_by_row_and_every_grade_occurs():
    columns = [np.array(column, dtype=float) for column in zip(*[case[1:4] for case in CASES], strict=True)]
    graded = grade_quotes(*columns, SPEC)
    assert graded.dtype == np.int8
    assert graded.tolist() == [int(case[4]) for case in CASES]
    assert set(graded.tolist()) == {int(grade) for grade in QuoteGrade}


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        grade_quotes(np.ones(2), np.ones(2), np.ones(1), SPEC)
