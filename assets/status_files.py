"""Reads the status that stands beside a partition's files, and says what is wrong with one that is none."""

from collections.abc import Callable
from typing import Any, TypeVar

from resources.lake.errors import LakeFormatError
from resources.lake.lake import Lake

Status = TypeVar("Status")
#: what a parser raises when a status is not what it expects
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)
#: the two files of a month of chains, each described in its status under its name
CHAIN_FILE, PRICES_FILE = "chain", "underlying_prices"


def read_status_file(lake: Lake, path: str, parse: Callable[[Any], Status]) -> Status:
    """A status as its parser makes it of the JSON document.

    Raises
    ------
    LakeFileNotFoundError
        If there is no such file.
    LakeFormatError
        If it is no JSON or not the status of its layer; the message names the file and the way out.
    """
    way_out = f"run: optix lake repair {path.split('/')[0]}"
    try:
        document = lake.read_json(path)
    except LakeFormatError as error:
        raise LakeFormatError(f"{error}; {way_out}") from error
    try:
        return parse(document)
    except MALFORMED as error:
        raise LakeFormatError(f"{lake.uri}/{path} {malformed(error)}; {way_out}") from error


def malformed(error: Exception) -> str:
    """What is wrong with a status, in words that follow its name."""
    # the text of a KeyError is the key alone
    what = f"{error.args[0]} is missing" if isinstance(error, KeyError) and error.args else str(error)
    # what is quoted from the file may be anything, the message stays one line
    return f"is no status of its layer ({' '.join(what.split())[:200]})"


def month_status(document: Any) -> dict[str, Any]:
    """The status of a month of chains, if it says all that its readers ask of it."""
    mapping_of(document, "the document")
    for name in (CHAIN_FILE, PRICES_FILE):
        _file(document[name], name)
        _text(document[name]["digest"], f"{name}.digest")
    for day, underlyings in mapping_of(document["days"], "days").items():
        for name, entry in mapping_of(underlyings, day).items():
            _text(mapping_of(entry, f"{day} {name}")["status"], f"{day} {name}.status")
    if not isinstance(document["not_materialized"], list):
        raise TypeError("not_materialized is no list")
    return _with_inputs(document)


def reference_status(document: Any) -> dict[str, Any]:
    """The status of a month of reference data, if it says all that its readers ask of it."""
    files = mapping_of(document, "the document")["files"]
    if not isinstance(files, list):
        raise TypeError("files is no list")
    for file in files:
        _file(file, "a file")
    return _with_inputs(document)


def mapping_of(value: Any, name: str) -> dict[str, Any]:
    """A field that has fields of its own."""
    if not isinstance(value, dict):
        raise TypeError(f"{name} has no fields")
    return value


def texts_of(value: Any, name: str) -> dict[str, str]:
    """A field that maps text to text: path -> digest."""
    for key, text in mapping_of(value, name).items():
        _text(text, f"{name}.{key}")
    found: dict[str, str] = value
    return found


def _with_inputs(document: dict[str, Any]) -> dict[str, Any]:
    texts_of(document["inputs"], "inputs")
    _text(document["month"], "month")
    return document


def _file(value: Any, name: str) -> None:
    entry = mapping_of(value, name)
    for field in ("path", "sha256"):
        _text(entry[field], f"{name}.{field}")


def _text(value: Any, name: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
