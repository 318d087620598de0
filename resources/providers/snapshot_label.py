"""How the folder of a snapshot is called: by the source's own latest time in it, so that no clock of ours is in
a name that enters a digest."""

import datetime as dt
import re

_LABEL = re.compile(r"^\d{8}T\d{9}Z$")


def snapshot_label(instant_ms: int) -> str:
    """``20260317T183000250Z`` of milliseconds UTC."""
    at = dt.datetime.fromtimestamp(instant_ms / 1000, dt.UTC)
    return f"{at:%Y%m%dT%H%M%S}{instant_ms % 1000:03d}Z"


def label_of(name: str) -> str | None:
    """The snapshot that a part belongs to, where a folder of its name says so."""
    return next((piece for piece in name.split("/")[:-1] if _LABEL.match(piece)), None)
