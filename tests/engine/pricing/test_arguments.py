"""One way to check arguments: what is accepted, what is refused, and how it is named."""

import numpy as np
import pytest

from engine.pricing.arguments import REAL_NUMBERS, coded_columns, numeric, numeric_columns


def test_columns_are_flat_contiguous_floats_of_the_common_shape():
    shape, columns = numeric_columns(
        {"a": np.arange(6, dtype=np.int32).reshape(3, 2).T, "b": np.float32(0.5), "c": [True, False, True]}
    )
    assert shape == (2, 3)
    assert all(c.dtype == np.float64 and c.flags.c_contiguous and c.shape == (6,) for c in columns)
    assert [c.tolist() for c in columns] == [[0, 2, 4, 1, 3, 5], [0.5] * 6, [1, 0, 1, 1, 0, 1]]


def test_a_column_is_not_copied_without_need():
    given = np.ones(3)
    assert np.shares_memory(numeric_columns({"a": given})[1][0], given)


@pytest.mark.parametrize(
    ("bad", "dtype"),
    [
        (np.array([None]), "object"),
        ("0.3", "<U3"),
        ([1j], "complex128"),
        (np.array(["2024-01-19"], dtype="M8[D]"), r"datetime64\[D\]"),
    ],
)
def test_what_is_no_number_is_named_with_its_dtype_and_the_way_out(bad, dtype):
    with pytest.raises(ValueError, match=f"^b has dtype {dtype}, numbers are needed: convert it to float64"):
        numeric_columns({"a": 1.0, "b": bad})


def test_truths_are_refused_where_only_real_numbers_are_accepted():
    assert numeric("a", True).dtype == np.bool_
    with pytest.raises(ValueError, match="a has dtype bool, numbers are needed"):
        numeric("a", True, REAL_NUMBERS)


def test_the_first_shape_that_does_not_fit_is_named_with_those_before_it():
    with pytest.raises(
        ValueError, match=r"^c has shape \(3,\), which does not fit a \(2,\), b \(4, 2\): give arrays of one"
    ):
        numeric_columns(
            {"a": np.ones(2), "scalar": 1.0, "b": np.ones((4, 2)), "c": np.ones(3), "d": np.ones(5)}
        )


def test_codes_stay_whole_numbers():
    code = 2**62 + np.arange(2)  # no float64 tells these apart
    shape, (codes, rights), (strike,) = coded_columns(
        {"code": code, "right": np.int8(1)}, {"strike": np.ones((3, 1))}
    )
    assert shape == (3, 2)
    assert codes.dtype == rights.dtype == np.int64
    assert codes.tolist() == [*code.tolist()] * 3
    assert strike.tolist() == [1.0] * 6
    with pytest.raises(
        ValueError, match="code has dtype float64, whole numbers are needed: convert it to int64"
    ):
        coded_columns({"code": 100.0}, {})
    with pytest.raises(
        ValueError, match="right has dtype <U3, whole numbers are needed: give 0 for calls and 1"
    ):
        coded_columns({"right": "put"}, {})
