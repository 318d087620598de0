"""The pages that OPTIX writes, Data Docs and tear sheets, on an address that a browser opens from the Dagster UI.

A browser follows no link from a page that a server sent to a file of the machine, so ``file://`` links in the UI
would do nothing.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from resources.home import DATA_DOCS, TEAR_SHEETS

_TEMPLATE = Path(__file__).with_name("documents.html")


class _Handler(SimpleHTTPRequestHandler):
    """Serves HTML files of the two folders and a list of them, and nothing else of the home folder."""

    server_version, sys_version = "OPTIX", ""

    def send_head(self) -> Any:
        path = unquote(urlsplit(self.path).path)
        if path == "/":
            return self._index()
        if not self._is_document(path):
            self.send_error(404, "there are Data Docs and tear sheets here")
            return None
        return super().send_head()

    def _is_document(self, path: str) -> bool:
        """Whether it names an HTML file of the two folders, and is one when links are followed."""
        home = Path(self.directory).resolve()
        if "\0" in path or not path.endswith(".html"):
            return False
        file = (home / path.lstrip("/")).resolve()
        return file.is_file() and any(file.is_relative_to(home / name) for name in (DATA_DOCS, TEAR_SHEETS))

    def end_headers(self) -> None:
        # a page is written again when its range is judged again
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def _index(self) -> BytesIO:
        content = index_page(Path(self.directory)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return BytesIO(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal is for what happens to runs."""


def index_page(home: Path) -> str:
    """Links to the documents of a home folder."""
    import jinja2

    docs = [
        (page.parent.name, _address(home, page)) for page in sorted((home / DATA_DOCS).glob("*/index.html"))
    ]
    sheets = [(page.stem, _address(home, page)) for page in sorted((home / TEAR_SHEETS).glob("*.html"))]
    sections = [
        ("Data Docs", "What the checks found, by universe and range of sessions.", docs),
        ("Tear sheets", "The result of every study.", sheets),
    ]
    template = jinja2.Template(_TEMPLATE.read_text(encoding="utf-8"), autoescape=True)
    return template.render(sections=sections)


def _address(home: Path, page: Path) -> str:
    return "/" + quote(page.relative_to(home).as_posix())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away while a page is sent is nothing to tell of."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve_documents(home: Path, port: int) -> Iterator[str]:
    """Serve a home folder's documents on loopback; gives the address.

    Raises
    ------
    OSError
        If the port is taken.
    """

    def handler(*arguments: Any) -> _Handler:
        return _Handler(*arguments, directory=str(home))

    with _Server(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, name="documents", daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
