"""What has arrived is kept, and only what is missing is asked for again."""

import datetime as dt
import json
from urllib.parse import urlencode

import pytest

from resources.network.errors import NetworkError, RepeatedPageError
from resources.network.http_client import HttpClient
from resources.network.settings import NetworkSettings
from resources.network.snapshot_spools import SnapshotSpools
from resources.network.spool import Spool
from resources.network.spooled_client import SpooledClient

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


def anything(answer) -> None:
    pass


def read_page(body: bytes):
    page = json.loads(body)
    return page["results"], page.get("next_url")


@pytest.fixture
def pages(replay, replay_module, tmp_path):
    """``pages(max_pages=...)``: all pages of ``/list``, in a new client over the same spool."""

    def run(**settings) -> list[list]:
        client = HttpClient(
            replay.url, NetworkSettings(attempts=1, **settings), clock=replay_module.FakeClock()
        )
        with client:
            spooled = SpooledClient(client, Spool(tmp_path / "spool"))
            found = spooled.pages(f"{replay.url}/list?page=1", anything, read_page)
            return [json.loads(answer.body)["results"] for answer in found]

    return run


def chain(replay, reply, contents: list, faults: dict[int, object] | None = None, next_of=None):
    """Serve ``contents`` as pages that name each other."""

    def page(query: dict[str, str]):
        number = int(query["page"])
        if faults and number in faults:
            return faults.pop(number)
        following = number + 1 if number < len(contents) else None
        if next_of and number in next_of:
            following = next_of[number]
        body = {"results": contents[number - 1], "request_id": f"id{len(replay.asked)}"}
        if following is not None:
            body["next_url"] = f"{replay.url}/list?{urlencode({'page': following})}"
        return reply(body)

    replay.answer("/list", page)


def test_an_interrupted_list_goes_on_where_it_stopped(replay, replay_module, pages):
    reply = replay_module.Reply
    chain(replay, reply, [[1], [2], [3], [4]], {3: reply({}, status=500)})
    with pytest.raises(NetworkError, match="what arrived before is kept"):
        pages()
    assert [asked.query["page"] for asked in replay.asked] == ["1", "2", "3"]
    assert pages() == [[1], [2], [3], [4]]
    assert [asked.query["page"] for asked in replay.asked[3:]] == ["3", "4"]


def test_a_page_that_repeats_ends_with_its_name_and_is_asked_for_again(replay, replay_module, pages):
    contents = [[1], [2], [1]]
    chain(replay, replay_module.Reply, contents)
    with pytest.raises(RepeatedPageError, match=r"page=3: page 3 holds the rows of page 1 again"):
        pages()
    contents[2] = [3]
    assert pages() == [[1], [2], [3]]
    assert [asked.query["page"] for asked in replay.asked] == ["1", "2", "3", "3"]


def test_a_list_that_turns_back_to_an_earlier_page_ends(replay, replay_module, pages):
    chain(replay, replay_module.Reply, [[1], [2], [3]], next_of={2: 1})
    with pytest.raises(RepeatedPageError, match=r"page 2 names page 1 .*page=1\) as the next"):
        pages()
    assert replay.count("/list") == 2


def test_a_page_that_names_itself_ends(replay, replay_module, pages):
    chain(replay, replay_module.Reply, [[1]], next_of={1: 1})
    with pytest.raises(RepeatedPageError, match="page 1 names page 1"):
        pages()


def test_empty_pages_are_no_repetition(replay, replay_module, pages):
    chain(replay, replay_module.Reply, [[1], [], []])
    assert pages() == [[1], [], []]


def test_an_endless_list_is_bounded(replay, replay_module, pages):
    chain(replay, replay_module.Reply, [[n] for n in range(9)])
    with pytest.raises(NetworkError, match=r"more than 4 pages; raise network\.max_pages"):
        pages(max_pages=4)


def test_a_next_page_on_another_host_is_not_followed(replay, replay_module, pages):
    replay.on("/list", replay_module.Reply({"results": [1], "next_url": "https://example.com/list?page=2"}))
    with pytest.raises(NetworkError, match="another service"):
        pages()


def test_a_damaged_answer_has_not_arrived(tmp_path, caplog):
    spool = Spool(tmp_path / "spool")
    spool.write("https://example.com/a?apiKey=SECRET", b"[1]", NOON)
    kept = spool.read("https://example.com/a")
    assert kept is not None and (kept.body, kept.received_at, kept.resumed) == (b"[1]", NOON, True)
    assert not any(b"SECRET" in path.read_bytes() for path in spool.folder.iterdir())
    [body] = spool.folder.glob("*.body")
    body.write_bytes(b"[2]")
    assert spool.read("https://example.com/a") is None
    assert spool.answers() == []
    assert "its bytes are not those that arrived" in caplog.text


def test_a_note_without_its_answer_has_not_arrived(tmp_path):
    spool = Spool(tmp_path)
    spool.write("https://example.com/a", b"[1]", NOON)
    next(tmp_path.glob("*.body")).unlink()
    assert spool.read("https://example.com/a") is None


def test_a_snapshot_goes_on_within_its_time_and_is_kept_after_it(tmp_path):
    within = dt.timedelta(minutes=15)
    first = SnapshotSpools(tmp_path, NOON, within)
    first.current.write("https://example.com/a", b"[1]", NOON)
    resumed = SnapshotSpools(tmp_path, NOON + dt.timedelta(minutes=14), within)
    assert resumed.current.read("https://example.com/a") is not None
    assert resumed.earlier == []
    later = SnapshotSpools(tmp_path, NOON + dt.timedelta(minutes=16), within)
    assert later.current.read("https://example.com/a") is None
    assert [answer.body for spool in later.earlier for answer in spool.answers()] == [b"[1]"]
    later.empty()
    assert not tmp_path.exists()


def test_a_spool_of_the_future_is_not_resumed(tmp_path):
    ahead = SnapshotSpools(tmp_path, NOON + dt.timedelta(hours=1), dt.timedelta(minutes=15))
    ahead.current.write("https://example.com/a", b"[1]", NOON)
    now = SnapshotSpools(tmp_path, NOON, dt.timedelta(minutes=15))
    assert now.current.read("https://example.com/a") is None
