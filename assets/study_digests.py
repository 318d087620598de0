"""The digests that say whether a rebuilt study is the same study."""

import hashlib
import json

from assets import backtest, monte_carlo, walk_forward
from assets.study_results import load_result
from assets.walk_forward_window import ASSET as WINDOW
from assets.walk_forward_window import study_windows
from engine.backtest.study import StudySpec
from resources.lake.lake import Lake


def stored_digests(study: StudySpec, lake: Lake) -> dict[str, str]:
    """Digest by asset, each computed again from what is stored, never taken from the record alone.

    Raises
    ------
    ValueError
        If a stored table or document no longer has the digest it was written with.
    """
    found = {}
    result, _ = load_result(lake, study, backtest.ASSET, backtest.NAME)
    found["backtest"] = result.digest()
    if study.walk_forward is not None:
        for window in study_windows(study):
            result, _ = load_result(lake, study, WINDOW, window.key)
            found[f"walk_forward_window {window.key}"] = result.digest()
        found["walk_forward"] = _document_digest(lake, walk_forward.record_path(study))
    found["monte_carlo"] = _document_digest(lake, monte_carlo.record_path(study))
    return found


def _document_digest(lake: Lake, path: str) -> str:
    document = json.loads(lake.read_bytes(path))
    stated = document.pop("digest")
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    if digest != stated:
        raise ValueError(f"{lake.uri}/{path} was changed after it was written; run the study again")
    return digest
