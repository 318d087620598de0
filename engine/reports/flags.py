"""A run's flags in words: what a reader must know before believing the numbers."""

from engine.backtest.result import BacktestResult

_SENTENCES = {
    "abandoned_legs": "Long options without a bid were given up at 0 when their package was closed.",
    "closed_on_stale_mark": (
        "At the end of the period some legs had no usable quote; they were closed at the worst side of their last one."
    ),
    "early_exercise_not_judged": (
        "Before an ex-date some options in the money had no usable quote, or their source tells the dividend only on "
        "the ex-date: whether holders would have exercised could not be judged, and they were kept."
    ),
    "halted": "The daily loss limit was reached {halts}: everything was closed, and entries paused.",
    "late_corporate_action": "A corporate action became known only after its effective date, with positions open.",
    "pending_settlement": (
        "Some AM-settled options have no opening print: they were kept at their last mark after expiry, and booked out "
        "at it at the end. Load the prints and run again before believing this result."
    ),
    "pin_risk": (
        "Some options ended so near their strike that holders may have decided either way; the rule was applied to the "
        "close."
    ),
    "same_snapshot_fills": "Orders fill on the very quotes that they were decided on, which flatters the result.",
    "settled_by_proxy": "Some expiries had no official settlement price; the study's proxy stood in for it.",
    "size_cap_not_applied": "The source gives no displayed sizes, so the study's cap on them had no effect.",
}


def explained(flag: str, result: BacktestResult) -> str:
    """A flag as a sentence; one that is not known here stays as it is."""
    sentence = _SENTENCES.get(flag)
    if sentence is None:
        return flag
    halts = int((result.tables["events"]["kind"] == "halt").sum())
    return sentence.format(halts="once" if halts == 1 else f"{halts} times")
