"""The client against a server that is slow, cut off, out of order or out of limits."""

import json
import logging

import pytest

from resources.network.addresses import checked_base_url, without_secrets
from resources.network.api_key import ApiKey, api_key_from_environment
from resources.network.errors import NetworkError, TransientResponseError
from resources.network.http_client import Answer, HttpClient
from resources.network.settings import NetworkSettings

SECRET = "s3cret-key-0815"


def must_be_json(answer: Answer) -> None:
    try:
        json.loads(answer.body)
    except ValueError as error:
        raise TransientResponseError(f"malformed JSON: {error}") from error


@pytest.fixture
def clock(replay_module):
    return replay_module.FakeClock()


@pytest.fixture
def reply(replay_module):
    return replay_module.Reply


@pytest.fixture
def client(replay, clock):
    def make(
        key: ApiKey | None = None, real_time: bool = False, jitter: float = 0.5, **settings
    ) -> HttpClient:
        settings = {"attempts": 3, "backoff_seconds": 2, "read_seconds": 5, **settings}
        chosen = {} if real_time else {"clock": clock}
        return HttpClient(
            replay.url, NetworkSettings(**settings), key=key, random_fraction=lambda: jitter, **chosen
        )

    return make


def get(client: HttpClient, path: str = "/x") -> bytes:
    with client:
        return client.get(client.base_url + path, must_be_json).body


def test_the_bytes_are_those_that_were_sent(replay, reply, client):
    replay.on("/x", reply(b'{"a" :  1.10}\n'))
    assert get(client()) == b'{"a" :  1.10}\n'


def test_a_gzip_coded_answer_is_unpacked(replay, reply, client):
    import gzip

    replay.on("/x", reply(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"}))
    assert get(client()) == b'{"a": 1}'


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        ({"fault": "cut"}, {"a": "b" * 100}),
        ({"fault": "hang_up"}, None),
        ({"status": 500}, {"error": "sorry"}),
        ({"status": 503}, {}),
        ({}, b'{"a": [1, 2'),
        ({}, b"<html>maintenance</html>"),
    ],
    ids=["cut off", "hung up", "500", "503", "malformed JSON", "HTML"],
)
def test_a_passing_fault_costs_one_more_attempt(replay, reply, client, clock, fault, body):
    replay.on("/x", reply(body, **fault), reply({"fine": True}))
    assert json.loads(get(client())) == {"fine": True}
    assert replay.count("/x") == 2
    assert clock.slept == [1.0]  # half of the bound of 2 seconds


def test_a_silent_service_times_out_and_is_asked_again(replay, reply, client, clock):
    replay.on("/x", reply({}, fault="silent", seconds=0.6), reply({"fine": True}))
    assert json.loads(get(client(read_seconds=0.15))) == {"fine": True}
    assert len(clock.slept) == 1


def test_a_dripping_service_runs_into_the_total_time(replay, reply, client):
    replay.on("/x", reply({"long": "x" * 400}, fault="drip", seconds=0.02))
    with pytest.raises(NetworkError, match=r"no complete answer within 0\.2 s"):
        get(client(real_time=True, total_seconds=0.2, attempts=1))


def test_waits_double_up_to_their_bound_and_end(replay, reply, client, clock):
    replay.on("/x", reply({"error": "down"}, status=500))
    with pytest.raises(NetworkError, match=r"/x: HTTP 500: .*down.*\(6 attempts\)"):
        get(client(attempts=6, backoff_max_seconds=9))
    assert clock.slept == [1.0, 2.0, 4.0, 4.5, 4.5]
    assert replay.count("/x") == 6


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, 0.0), (0.25, 0.5), (0.999, 1.998)])
def test_jitter_spreads_the_wait_over_the_whole_bound(replay, reply, client, clock, jitter, wait):
    replay.on("/x", reply({}, status=502), reply({}))
    get(client(jitter=jitter))
    assert clock.slept == ([wait] if wait else [])


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_not_retried(replay, reply, client, clock, status):
    replay.on("/x", reply({"message": "not so"}, status=status))
    with pytest.raises(NetworkError, match=rf"HTTP {status}: .*not so"):
        get(client())
    assert (replay.count("/x"), clock.slept) == (1, [])


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Wed, 25 Feb 2026 06:13:40 GMT"}, 20),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}, 30),
        ({"X-RateLimit-Reset": "1772000045"}, 45),
        ({"RateLimit-Reset": "1772000012500"}, 12.5),
    ],
)
def test_a_429_is_waited_out_as_the_headers_say(replay, reply, client, clock, headers, asked):
    replay.on("/x", reply({"error": "slow down"}, status=429, headers=headers), reply({}))
    get(client())
    assert sum(clock.slept) == pytest.approx(asked + 1.0)  # and the jitter on top


def test_a_429_without_headers_backs_off(replay, reply, client, clock):
    replay.on("/x", reply({}, status=429), reply({}))
    get(client())
    assert clock.slept == [1.0]


def test_a_wait_that_is_too_long_ends_the_harvest(replay, reply, client, clock):
    replay.on("/x", reply({}, status=429, headers={"Retry-After": "86400"}))
    with pytest.raises(NetworkError, match=r"asks to wait 8640\d s.*max_wait_seconds \(300\)"):
        get(client())
    assert (replay.count("/x"), clock.slept) == (1, [])


def test_an_exhausted_limit_is_waited_out_before_the_next_request(replay, reply, client, clock):
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "40"}
    replay.on("/x", reply({}, headers=spent), reply({}, headers={"X-RateLimit-Remaining": "5"}))
    with client() as open_client:
        for _ in range(3):
            open_client.get(replay.url + "/x", must_be_json)
    assert clock.slept == [40]


def test_requests_keep_their_pace(replay, reply, client, clock):
    replay.on("/x", reply({}))
    with client(min_interval_seconds=0.25) as open_client:
        for _ in range(3):
            open_client.get(replay.url + "/x", must_be_json)
    assert clock.slept == [0.25, 0.25]


def test_an_answer_may_not_be_larger_than_its_bound(replay, reply, client):
    replay.on("/x", reply({"big": "x" * 300_000}))
    with pytest.raises(NetworkError, match=r"more than 0\.25 MiB; raise network\.max_response_mib"):
        get(client(max_response_mib=0.25))
    assert replay.count("/x") == 1


def test_a_redirect_is_not_followed(replay, reply, client):
    replay.on("/x", reply({}, status=302, headers={"Location": f"{replay.url}/other?apiKey={SECRET}"}))
    replay.on("/other", reply({}))
    with pytest.raises(NetworkError, match=r"HTTP 302 to .*/other") as raised:
        get(client(ApiKey(SECRET, "X_KEY")))
    assert replay.count("/other") == 0
    assert SECRET not in str(raised.value)


def test_another_service_is_never_asked(client):
    with client() as open_client, pytest.raises(NetworkError, match="another service"):
        open_client.get("http://127.0.0.1:9/x", must_be_json)


def test_the_key_is_sent_and_shows_nowhere(replay, reply, client, caplog):
    key = ApiKey(SECRET, "X_KEY")
    echo = {"error": f"unknown key {SECRET}"}
    replay.on("/x", reply(echo, status=500), reply(echo, status=401))

    def refused(answer: Answer) -> None:
        raise NetworkError(f"refused: {answer.body.decode()}")

    with caplog.at_level(logging.DEBUG), client(key) as open_client, pytest.raises(NetworkError) as raised:
        open_client.get(replay.url + "/x", refused)
    assert [asked.headers["authorization"] for asked in replay.asked] == [f"Bearer {SECRET}"] * 2
    assert "unknown key ***" in str(raised.value)
    error: BaseException | None = raised.value
    while error is not None and not error.__suppress_context__:
        assert SECRET not in str(error)
        error = error.__cause__ or error.__context__
    assert caplog.text and SECRET not in caplog.text
    assert SECRET not in repr(key) + str(key)


def test_a_key_that_a_service_puts_into_an_address_is_not_sent_in_it(replay, reply, client):
    replay.on("/x", reply({}))
    get(client(ApiKey(SECRET, "X_KEY")), f"/x?cursor=2&apiKey={SECRET}")
    assert [asked.query for asked in replay.asked] == [{"cursor": "2"}]


def test_a_key_in_an_address_is_taken_out():
    shown = without_secrets(f"https://api.example.com/v3/x?cursor=abc%3D&apiKey={SECRET}&limit=250")
    assert shown == "https://api.example.com/v3/x?cursor=abc%3D&limit=250"


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("ftp://example.com", "no http or https"),
        ("example.com", "no http or https"),
        ("http://api.example.com", "unencrypted"),
        ("https://me:pw@example.com", "more than host and path"),
        ("https://example.com?apiKey=x", "more than host and path"),
    ],
)
def test_a_base_address_that_would_leak_or_cannot_work_is_refused(address, rule):
    with pytest.raises(NetworkError, match=rule):
        checked_base_url(address, carries_key=True)


def test_a_missing_key_names_its_variable(monkeypatch):
    monkeypatch.delenv("OPTIX_TEST_KEY", raising=False)
    with pytest.raises(NetworkError, match="spy_live: the environment variable OPTIX_TEST_KEY is not set"):
        api_key_from_environment("OPTIX_TEST_KEY", "spy_live")
    monkeypatch.setenv("OPTIX_TEST_KEY", "two words")
    with pytest.raises(NetworkError, match="characters that no API key has") as raised:
        api_key_from_environment("OPTIX_TEST_KEY", "spy_live")
    assert "two words" not in str(raised.value)
