"""Small text files without a header line, of which a fault in one line makes the others wrong."""

import csv
import io
from collections.abc import Sequence

from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.reference.corporate_actions.event_rules import InvalidActionsError


def numbered_lines(payload: bytes, name: str) -> list[tuple[int, list[str]]]:
    """Number and cells of each line that is not blank.

    Raises
    ------
    InvalidActionsError
        If it is no comma-separated text.
    """
    try:
        text = unpacked(payload, name).decode()
    except UnreadablePayloadError as error:
        raise InvalidActionsError(str(error)) from error
    try:
        return [
            (number, [cell.strip() for cell in cells])
            for number, cells in enumerate(csv.reader(io.StringIO(text), strict=True), start=1)
            if cells
        ]
    except csv.Error as error:
        raise InvalidActionsError(f"{name} is no comma-separated text: {error}") from error


def raise_on_faults(faults: Sequence[str], name: str) -> None:
    """One error for everything that is wrong with a file.

    Raises
    ------
    InvalidActionsError
        Where there are faults, with the first 20 of them.
    """
    if faults:
        more = f"\nand {len(faults) - 20} more" if len(faults) > 20 else ""
        raise InvalidActionsError(
            f"{name} has {len(faults)} fault{'s' * (len(faults) > 1)}:\n" + "\n".join(faults[:20]) + more
        )
