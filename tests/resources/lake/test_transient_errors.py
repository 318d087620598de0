"""What networks and busy stores do now and then ends in a success or in one clear error, never in a wrong file."""

import logging

import pytest

from resources.lake import LakeContentError, LakeError, LakeFileNotFoundError

DATA = bytes(range(256)) * 400
PASSING = {
    "500": {"kind": "status", "status": 500},
    "503 SlowDown": {
        "kind": "status",
        "status": 503,
        "code": "SlowDown",
        "message": "Reduce your request rate.",
    },
    "429": {"kind": "status", "status": 429, "code": "TooManyRequests"},
    "connection reset": {"kind": "reset"},
    "no answer in time": {"kind": "slow", "seconds": 2.0},
}
passing = pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)


@passing
def test_a_write_survives_what_passes(faulty, fault):
    faulty.fault("PUT", times=2, **fault)
    written = faulty.lake.write_bytes("a", DATA)
    assert faulty.methods() == ["PUT"] * 3
    assert faulty.lake.read_bytes("a", sha256=written.sha256) == DATA


@passing
def test_a_read_survives_what_passes(faulty, fault):
    faulty.lake.write_bytes("a", DATA)
    faulty.fault("GET", times=2, **fault)
    assert faulty.lake.read_bytes("a") == DATA


@passing
def test_a_listing_and_a_look_up_and_a_deletion_survive_what_passes(faulty, fault):
    faulty.lake.write_bytes("a", DATA)
    faulty.fault("GET", **fault)
    assert faulty.lake.list() == ["a"]
    faulty.fault("HEAD", **fault)
    assert faulty.lake.exists("a")
    faulty.fault("DELETE", **fault)
    faulty.lake.delete("a")
    assert faulty.lake.list() == []


def test_a_write_whose_answer_was_lost_is_made_again_with_the_same_bytes(faulty):
    faulty.fault("PUT", "reset_after")
    faulty.lake.write_bytes("a", DATA)
    assert faulty.methods() == ["PUT", "PUT"]
    assert faulty.lake.read_bytes("a") == DATA


@passing
def test_a_conditional_write_survives_what_passes(faulty, fault):
    faulty.fault("PUT", **fault)
    faulty.lake.write_new("a", DATA)
    assert faulty.lake.read_bytes("a") == DATA


def test_a_conditional_write_whose_answer_was_lost_ends_with_its_own_bytes(faulty):
    faulty.fault("PUT", "reset_after")
    assert faulty.lake.write_new("a", DATA) is False, "the first attempt arrived, so the second found a file"
    assert faulty.lake.read_bytes("a") == DATA


@pytest.mark.parametrize("times", [1, 2])
def test_a_body_cut_short_is_read_to_its_end(faulty, times):
    faulty.lake.write_bytes("a", DATA)
    faulty.fault("GET", "truncate", times=times)
    assert faulty.lake.read_bytes("a") == DATA


def test_a_body_damaged_on_its_way_is_asked_for_again(faulty):
    faulty.lake.write_bytes("a", DATA)
    faulty.fault("GET", "damage", times=2)
    assert faulty.lake.read_bytes("a") == DATA


def test_a_body_that_stays_damaged_is_an_error_that_names_the_file(faulty):
    faulty.lake.write_bytes("a", DATA)
    faulty.fault("GET", "damage", times=99)
    with pytest.raises(
        LakeContentError, match=r"s3://lake-[0-9a-f]+/p/a was written with sha256 .*other bytes"
    ):
        faulty.lake.read_bytes("a")


def test_an_upload_damaged_on_its_way_is_sent_again(faulty):
    """moto takes any body; a store that checks the signature refuses a damaged one by itself."""
    faulty.fault("PUT", "damage_upload")
    faulty.lake.write_bytes("a", DATA)
    assert faulty.lake.read_bytes("a") == DATA
    faulty.fault("PUT", "damage_upload")
    assert faulty.lake.write_new("b", DATA)
    assert faulty.lake.read_bytes("b") == DATA


def test_an_upload_that_stays_damaged_is_an_error_that_names_the_file(faulty):
    faulty.fault("PUT", "damage_upload", times=99)
    with pytest.raises(LakeError, match="/p/a cannot be written: the store holds other bytes"):
        faulty.lake.write_bytes("a", DATA)


@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD", "DELETE"])
def test_what_does_not_pass_ends_after_a_bounded_number_of_attempts_and_names_the_file(faulty, method):
    faulty.lake.write_bytes("a", DATA)
    faulty.seen.clear()
    faulty.fault(method, "status", times=99, status=503, code="SlowDown", message="Reduce your request rate.")
    work = {
        "PUT": lambda: faulty.lake.write_bytes("a", b"new"),
        "GET": lambda: faulty.lake.read_bytes("a"),
        "HEAD": lambda: faulty.lake.exists("a"),
        "DELETE": lambda: faulty.lake.delete("a"),
    }
    with pytest.raises(
        LakeError, match=r"s3://lake-[0-9a-f]+/p/a cannot be .*(503|SlowDown).*4 times tried"
    ) as error:
        work[method]()
    assert not isinstance(error.value, LakeFileNotFoundError)
    assert faulty.methods() == [method] * 4
    faulty.faults.clear()
    assert faulty.lake.read_bytes("a") == DATA, "what was there before is untouched"


def test_what_the_store_refuses_is_not_tried_again_and_says_so_in_one_line(faulty, caplog):
    caplog.set_level(logging.DEBUG)
    message = "The request signature we calculated does not match the signature you provided."
    faulty.fault("PUT", "status", times=99, status=403, code="SignatureDoesNotMatch", message=message)
    with pytest.raises(LakeError, match=r"SignatureDoesNotMatch.*AWS_SECRET_ACCESS_KEY") as error:
        faulty.lake.write_bytes("a", DATA)
    assert faulty.methods() == ["PUT"]
    assert "\n" not in str(error.value)
    assert error.value.__cause__ is None, "the client's own error quotes the request"
    shown = f"{error.value!r} {faulty.lake!r} {vars(faulty.lake)!r} {caplog.text}"
    assert "optix-secret" not in shown


def test_requests_carry_the_digest_and_never_the_secret(faulty):
    import hashlib

    faulty.lake.write_bytes("a", b"x" * 20_000_000)
    assert faulty.methods() == ["PUT"], "one PUT, whatever the size"
    headers = {name.lower(): value for name, value in faulty.seen[0].headers.items()}
    digest = hashlib.sha256(b"x" * 20_000_000).hexdigest()
    assert headers["x-amz-content-sha256"] == headers["x-amz-meta-sha256"] == digest
    assert "optix-secret" not in str(headers)
