"""What a check is to a universe: its name, what it judges, how severe it is, and what may be set of it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning", "info"]
Setting = Literal["critical", "warning", "info", "off"]
Level = Literal["row", "snapshot", "session"]


@dataclass(frozen=True)
class CheckDefinition:
    """One check as a universe sees it.

    Attributes
    ----------
    severity
        Default. Critical acts (see ``ACTIONS``), warning and info only tell.
    limit
        Default number of the rule; None where the rule has none.
    threshold
        The field of ``quality`` that holds the limit instead, where there is one.
    fixed
        Whether the severity must stay: the layers after this one cannot hold what such a check lets through.
    """

    name: str
    level: Level
    severity: Setting
    catches: str
    limit: float | None = None
    threshold: str | None = None
    fixed: bool = False
