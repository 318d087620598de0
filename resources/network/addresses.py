"""Addresses of a service: which belong to it, and how they may be shown."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from resources.network.errors import NetworkError

#: names of query parameters that carry a key; never of one that tells pages apart
_SECRET_PARAMETERS = frozenset({"apikey", "api_key", "access_token"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def checked_base_url(base_url: str, *, carries_key: bool) -> str:
    """A service's base address without its trailing slash.

    Raises
    ------
    NetworkError
        If it is no http(s) address, holds a user name, or would carry a key unencrypted.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NetworkError(f"base_url {base_url!r} is no http or https address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise NetworkError(
            f"base_url of {parts.hostname} holds more than host and path; a key belongs into the environment"
        )
    if carries_key and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise NetworkError(f"base_url {base_url!r} would carry the API key unencrypted; use https")
    return base_url.rstrip("/")


def with_parameters(url: str, parameters: dict[str, str]) -> str:
    """The address with query parameters, in their sorted order, so that equal requests look equal."""
    return f"{url}?{urlencode(sorted(parameters.items()))}" if parameters else url


def without_secrets(url: str) -> str:
    """The address without query parameters that carry a key."""
    parts = urlsplit(url)
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name.lower() not in _SECRET_PARAMETERS
    ]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def require_same_service(url: str, base_url: str) -> None:
    """A service's answer must not send us, with our key, to another one.

    Raises
    ------
    NetworkError
        If scheme, host or port differ.
    """
    wanted, found = urlsplit(base_url), urlsplit(url)
    if (found.scheme, found.hostname, found.port) != (wanted.scheme, wanted.hostname, wanted.port):
        raise NetworkError(
            f"{base_url} names a next page on another service ({found.scheme}://{found.netloc}); it is not followed"
        )
