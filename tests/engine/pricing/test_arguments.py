"""One way to check arguments: what is accepted, what is refused, and how it is named."""

import numpy as np
import pytest

from engine.pricing.american.andersen_lake import Accuracy, american_price
from engine.pricing.american.exercise_boundary import exercise_boundary
from engine.pricing.american.greeks import american_greeks
from engine.pricing.arguments import (
    REAL_NUMBERS,
    WHOLE_NUMBERS,
    as_rows,
    coded_columns,
    finite,
    member_of,
    numeric,
    numeric_columns,
    one_number,
    positive,
    refuse_unless,
)
from engine.pricing.heston.model import HestonParameters
from engine.pricing.heston.volatility import heston_volatility


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


def test_a_code_named_right_is_a_call_or_a_put():
    with pytest.raises(ValueError, match="right has the value 2: it must be 0 for a call or 1 for a put"):
        coded_columns({"code": 3, "right": [0, 1, 2]}, {})


def test_rows_are_not_stretched():
    rights, (strike, bid) = as_rows([1, 0], strike=np.arange(4)[::2], bid=[0.5, 0.6])
    assert (rights.tolist(), strike.tolist(), bid.tolist()) == ([1, 0], [0, 2], [0.5, 0.6])
    assert all(a.flags.c_contiguous for a in (rights, strike, bid))
    for right, strikes, bids in (
        (0, [1.0], [1.0]),
        ([0], 1.0, [1.0]),
        ([0], [[1.0]], [1.0]),
        ([0], [1.0], [1, 2]),
    ):
        with pytest.raises(
            ValueError, match=r"equally long, got right \(.*\), strike \(.*\), bid \(.*\): give one"
        ):
            as_rows(right, strike=strikes, bid=bids)
    with pytest.raises(ValueError, match="right has the value nan"):
        as_rows([np.nan], strike=[1.0])


def test_one_number_is_one_and_in_its_domain():
    assert (positive("t", np.float32(0.5)), finite("t", -1), one_number("t", np.inf)) == (0.5, -1.0, np.inf)
    for wrong in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match=rf"^t must be positive and finite, got {wrong}"):
            positive("t", wrong)
    with pytest.raises(ValueError, match=r"^t must be finite, got inf"):
        finite("t", np.inf)
    for kind in (positive, finite, one_number):
        with pytest.raises(ValueError, match=r"^t has shape \(1,\), one number is needed"):
            kind("t", [1.0])
        with pytest.raises(ValueError, match=r"^t has dtype object"):
            kind("t", None)
    with pytest.raises(ValueError, match=r"^t has dtype float64, whole numbers are needed"):
        one_number("t", 7.5, WHOLE_NUMBERS)


def test_the_first_value_that_breaks_a_rule_is_named_with_its_place():
    values = np.array([1.0, np.nan, -1.0])
    with pytest.raises(
        ValueError, match=r"^strike has the value nan at position 1: it must be positive; leave"
    ):
        refuse_unless(values > 0, "strike", values, "positive")
    refuse_unless(values[:1] > 0, "strike", values[:1], "positive")


def test_a_member_is_given_as_itself_or_its_value():
    assert member_of(Accuracy, "accuracy", Accuracy.HIGH) is Accuracy.HIGH
    assert member_of(Accuracy, "accuracy", (24, 24, 96, 16)) is Accuracy.HIGH


@pytest.mark.parametrize("wrong", ["high", None, 3, np.ones(2)])
@pytest.mark.parametrize("spot", [(100.0,), ()])
def test_an_accuracy_that_is_none_is_refused(wrong, spot):
    rest = 100.0, 0.5, 0.04, 0.01, 0.2
    message = (
        r"accuracy must be a member of Accuracy, got .*: give Accuracy.FAST, Accuracy.ACCURATE, Accuracy.HIGH"
    )
    for function in (american_price, american_greeks):
        with pytest.raises(ValueError, match=message):
            function(1, *(spot or (np.empty(0),)), *rest, accuracy=wrong)
    with pytest.raises(ValueError, match=message):
        exercise_boundary(1, *rest, accuracy=wrong)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strike": np.array([None])}, "strike has dtype object, numbers are needed"),
        ({"forward": "100"}, "forward has dtype <U3, numbers are needed"),
        (
            {"strike": np.ones(3), "forward": np.ones(2)},
            r"strike has shape \(3,\), which does not fit forward",
        ),
        (
            {"year_fraction": np.ones(3), "forward": np.ones(2)},
            r"year_fraction has shape \(3,\), which does not",
        ),
    ],
)
def test_a_smile_of_heston_names_what_it_cannot_use(changes, message):
    given = {"forward": 100.0, "strike": 95.0, "year_fraction": 0.5}
    model = HestonParameters(0.04, 2.0, 0.06, 0.5, -0.6)
    assert heston_volatility(**given, model=model).shape == ()
    assert heston_volatility(**{**given, "strike": [[95.0], [-1.0]]}, model=model).shape == (2, 1)
    with pytest.raises(ValueError, match=message):
        heston_volatility(**{**given, **changes}, model=model)
