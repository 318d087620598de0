"""How a client takes a lease: one line each way, then the connection stays open for as long as the lease lasts.

The client sends a nonce; the supervisor answers with the server's address and an HMAC of the nonce under the secret
from ``lease.json`` (0600). So a client never hands its database password to a stranger who happens to listen on a
port that a dead supervisor left in the file. The kernel closes the connection however the client ends.
"""

import hashlib
import hmac
import json
import secrets
from typing import Any

#: a line longer than this is no greeting of ours
MAX_LINE_BYTES = 4096


def new_secret() -> str:
    return secrets.token_hex(32)


def new_nonce() -> str:
    return secrets.token_hex(16)


def proof(secret: str, nonce: str) -> str:
    """What only a holder of ``secret`` can answer to ``nonce``."""
    return hmac.new(secret.encode(), nonce.encode(), hashlib.sha256).hexdigest()


def encode(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """A message from its line.

    Raises
    ------
    ValueError
        If the line is no JSON object.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("a lease message is a JSON object")
    return message
