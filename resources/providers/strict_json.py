"""JSON as the standard has it: a payload that is none of it is told apart from one that is."""

import json
from typing import Any, NoReturn

from resources.providers.payload_text import UnreadablePayloadError


def strict_json(body: bytes, name: str) -> Any:
    """The value of a JSON text.

    Raises
    ------
    UnreadablePayloadError
        Not UTF-8, cut off, not JSON (``NaN`` is none), or nested beyond reason.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        where = f"; it ends with {body[-40:]!r}" if body else ": it is empty"
        raise UnreadablePayloadError(f"{name} is no valid JSON ({_short(error)}){where}") from error


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def _short(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
