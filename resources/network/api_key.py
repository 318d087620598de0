"""An API key: from the environment, into one header, and nowhere else."""

import os

from resources.network.errors import NetworkError

_HIDDEN = "***"


class ApiKey:
    """A key that does not show when printed, formatted or pickled into a message."""

    __slots__ = ("_value", "variable")

    def __init__(self, value: str, variable: str) -> None:
        self._value = value
        self.variable = variable

    def headers(self) -> dict[str, str]:
        """As a bearer token."""
        return {"Authorization": f"Bearer {self._value}"}

    def hidden_in(self, text: str) -> str:
        """The text with the key masked: services repeat a wrong key in their answer."""
        return text.replace(self._value, _HIDDEN)

    def __repr__(self) -> str:
        return f"ApiKey({self.variable}={_HIDDEN})"


def api_key_from_environment(variable: str, universe: str) -> ApiKey:
    """The key in an environment variable.

    Raises
    ------
    NetworkError
        If it is not set, or holds what cannot be in a header.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        raise NetworkError(
            f"universe {universe}: the environment variable {variable} is not set; it holds the service's API key"
        )
    if not value.isascii() or not value.isprintable() or " " in value:
        raise NetworkError(f"universe {universe}: {variable} holds characters that no API key has")
    return ApiKey(value, variable)
