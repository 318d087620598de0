"""Links in the Dagster UI open Data Docs and tear sheets, and nothing else of the home folder."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from optix_pipeline.document_server import serve_documents
from resources.home import document_url


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in (
        ("data_docs/spx/index.html", "ranges of spx"),
        ("data_docs/spx/2026-07-01_2026-07-02.html", "two days"),
        ("tear_sheets/condor <1>.html", "a tear sheet"),
        ("lake/secret.html", "not for the browser"),
        ("password.txt", "secret"),
    ):
        page = tmp_path / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text)
    (tmp_path / "tear_sheets" / "folder.html").mkdir()
    (tmp_path / "tear_sheets" / "link.html").symlink_to(tmp_path / "lake" / "secret.html")
    (tmp_path / "data_docs" / "up").symlink_to(tmp_path / "lake")
    return tmp_path


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read().decode()


def test_a_link_of_the_metadata_opens_the_page(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTIX_HOME", str(home))
    with serve_documents(home, 0) as address:
        monkeypatch.setenv("OPTIX_DOCUMENTS_URL", address + "/")
        assert get(document_url(home / "data_docs/spx/2026-07-01_2026-07-02.html")) == "two days"
        assert get(document_url(home / "tear_sheets/condor <1>.html")) == "a tear sheet"
        index = get(address)
        assert "/data_docs/spx/index.html" in index and "condor &lt;1&gt;" in index
        assert get(address + "/data_docs/spx/index.html") == "ranges of spx"


@pytest.mark.parametrize(
    "path",
    [
        "lake/secret.html",
        "password.txt",
        "data_docs/../lake/secret.html",
        "data_docs/%2e%2e/lake/secret.html",
        "data_docs/spx/",
        "data_docs",
        "tear_sheets/none.html",
        "tear_sheets/a%00.html",
        "tear_sheets/folder.html",
        "tear_sheets/link.html",
        "data_docs/up/secret.html",
    ],
)
def test_everything_else_is_not_found(home: Path, path: str) -> None:
    with serve_documents(home, 0) as address, pytest.raises(urllib.error.HTTPError) as refused:
        get(f"{address}/{path}")
    assert refused.value.code == 404


def test_a_home_without_documents_says_so(tmp_path: Path) -> None:
    with serve_documents(tmp_path, 0) as address:
        assert get(address).count("None yet.") == 2
