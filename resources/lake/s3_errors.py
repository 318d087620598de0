"""What the S3 client raises as one sentence of ours: the file, the store's word for it, the way out.

The client's own message carries the store's whole answer and the request; neither belongs into a log.
"""

import re

from resources.lake.errors import LakeError, LakeFileNotFoundError

_CODE = re.compile(r"<Code>([A-Za-z0-9.]+)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")
_STATUS = re.compile(r"status code: (\d{3}(?: [A-Z][A-Za-z ]*)?)")
_RETRIES = re.compile(r"after (\d+) retries")
_CREDENTIALS = (
    "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile, and what they may do in the bucket"
)
_WAY_OUT = {
    "NoSuchBucket": "make the bucket, or correct OPTIX_LAKE_URI",
    "SignatureDoesNotMatch": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "AccessDenied": _CREDENTIALS,
    "ExpiredToken": "renew the credentials",
    "PermanentRedirect": "set AWS_REGION to the bucket's region",
    "AuthorizationHeaderMalformed": "set AWS_REGION to the bucket's region",
    "RequestTimeTooSkewed": "set this machine's clock",
}


def error_code(error: BaseException) -> str:
    """The store's own code (``NoSuchKey``); empty where it gave none."""
    found = _CODE.search(str(error))
    return found.group(1) if found else ""


def connection_broke(error: BaseException) -> bool:
    """Whether there was no answer, so that the request may or may not have arrived."""
    return _STATUS.search(str(error)) is None


def translated(error: BaseException, where: str, verb: str) -> LakeError:
    """The error to raise instead; ``raise ... from None``, since the original quotes request and answer."""
    code = error_code(error)
    if isinstance(error, FileNotFoundError) and code in ("", "NoSuchKey"):
        return LakeFileNotFoundError(f"{where} is not in the lake")
    text = str(error).split("Debug source")[0]
    retries = _RETRIES.search(text)
    tried = f", {int(retries.group(1)) + 1} times tried" if retries else ""
    return LakeError(f"{where} cannot be {verb}: {_said(text, code)}{tried}; {_way_out(text, code)}")


def _said(text: str, code: str) -> str:
    if code:
        message = _MESSAGE.search(text)
        return f"{code} ({message.group(1).strip()[:200]})" if message and message.group(1).strip() else code
    status = _STATUS.search(text)
    if status:
        return f"the store answered {status.group(1).strip()}"
    # the client's own words stand after the last dash: "HTTP error: error sending request"
    return re.sub(r"\s+", " ", text.rsplit(" - ", 1)[-1]).strip()[:200] or "no reason given"


def _way_out(text: str, code: str) -> str:
    if code in _WAY_OUT:
        return _WAY_OUT[code]
    status = _STATUS.search(text)
    if status and status.group(1).startswith(("401", "403")):
        return _CREDENTIALS
    if status and status.group(1).startswith("301"):
        return _WAY_OUT["PermanentRedirect"]
    if code or status:
        return "the store refused it; try again, then ask whoever runs the store"
    return "check AWS_ENDPOINT_URL, the network and the store"
