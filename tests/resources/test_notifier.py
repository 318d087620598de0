"""The notifier against a real local HTTP server."""

import http.server
import json
import logging
import socket
import threading
import time
from contextlib import closing

import pytest

from resources.notifier import Notification, NotificationError, Notifier

NOTICE = Notification("run 1234 failed", "division by zero", "error", "run-failure:1234")


class Receiver:
    """A webhook that answers with ``statuses`` one after the other, the last for ever."""

    def __init__(self, *statuses: int, delay_seconds: float = 0.0) -> None:
        self.requests: list[tuple[dict[str, str], dict[str, object]]] = []
        receiver = self
        remaining = list(statuses)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.requests.append((dict(self.headers), body))
                time.sleep(delay_seconds)
                self.send_response(remaining.pop(0) if len(remaining) > 1 else remaining[0])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hooks/secret-path"

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def webhook(url: str, **settings: object) -> Notifier:
    return Notifier(kind="webhook", webhook_url=url, backoff_seconds=0.01, **settings)


def test_a_webhook_receives_the_notification_once_with_its_dedupe_key():
    with Receiver(204) as receiver:
        webhook(receiver.url).notify(NOTICE)
    [(headers, body)] = receiver.requests
    assert body == {
        "title": "run 1234 failed",
        "text": "division by zero",
        "severity": "error",
        "dedupe_key": "run-failure:1234",
    }
    assert headers["Idempotency-Key"] == "run-failure:1234"


@pytest.mark.parametrize("first", [500, 503, 429])
def test_a_receiver_in_trouble_is_tried_again_with_the_same_key(first):
    with Receiver(first, first, 200) as receiver:
        webhook(receiver.url).notify(NOTICE)
    assert len(receiver.requests) == 3
    assert {headers["Idempotency-Key"] for headers, _ in receiver.requests} == {"run-failure:1234"}


def test_after_the_last_attempt_the_failure_is_logged_and_raised_without_the_secret_path(caplog):
    with (
        Receiver(500) as receiver,
        caplog.at_level(logging.ERROR, "optix.notifier"),
        pytest.raises(NotificationError, match="HTTP 500") as error,
    ):
        webhook(receiver.url).notify(NOTICE)
    assert len(receiver.requests) == 3
    assert "3 of 3 attempts" in str(error.value)
    assert caplog.records[0].getMessage() == str(error.value)
    assert "secret-path" not in str(error.value)


def test_a_refusal_is_not_tried_again():
    with Receiver(404) as receiver, pytest.raises(NotificationError, match="1 of 3 attempts: HTTP 404"):
        webhook(receiver.url).notify(NOTICE)
    assert len(receiver.requests) == 1


def test_a_receiver_that_does_not_answer_in_time_is_given_up():
    with Receiver(200, delay_seconds=1.0) as receiver:
        started = time.monotonic()
        with pytest.raises(NotificationError, match="ReadTimeout"):
            webhook(receiver.url, timeout_seconds=0.1, attempts=2).notify(NOTICE)
        assert time.monotonic() - started < 0.9
    assert len(receiver.requests) == 2


def test_an_unreachable_receiver_is_an_error():
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(NotificationError, match="ConnectError"):
        webhook(f"http://127.0.0.1:{port}/").notify(NOTICE)


def test_a_webhook_without_url_is_a_configuration_error():
    with pytest.raises(ValueError, match="webhook_url"):
        Notifier(kind="webhook").notify(NOTICE)


def test_the_log_kind_writes_one_line_at_the_level_of_the_severity(caplog):
    with caplog.at_level(logging.INFO, "optix.notifier"):
        Notifier().notify(NOTICE)
        Notifier().notify(Notification("done", "all sessions kept"))
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("ERROR", "run 1234 failed: division by zero"),
        ("INFO", "done: all sessions kept"),
    ]
