"""The universe YAML that ingests a generated folder."""

from pathlib import Path

from resources.generator.specs import MarketSpec, VendorLayout

#: thresholds of the generated universes; the others are the suite's own
MIN_ROWS = 50
MAX_QUARANTINED = 0.1
FORMATS = {VendorLayout.CBOE: "cboe_csv", VendorLayout.DERIBIT: "deribit_surface_csv"}
KNOWN_AFTER_MINUTES = {VendorLayout.CBOE: 15, VendorLayout.DERIBIT: 5}


def universe_yaml(spec: MarketSpec, kind: str, folder: Path) -> str:
    """A universe file as ``optix harvest`` takes it; paths are absolute, so this text alone depends on the folder."""
    terms = spec.roots[0]
    lines = [
        "# Written by `optix generate`: no such market exists.",
        f"name: {spec.name}",
        f"description: Generated {kind} {spec.symbol} with planted defects; see truth/ beside its files.",
        "provider:",
        f"  format: {FORMATS[spec.layout]}",
        f"  path: {_quoted(folder)}",
        f"  known_after_minutes: {KNOWN_AFTER_MINUTES[spec.layout]}",
    ]
    if spec.has_rates:
        lines += ["rates:", f"  path: {_quoted(folder / 'rates')}"]
    if spec.layout is VendorLayout.CBOE:
        lines += ["corporate_actions:", f"  path: {_quoted(folder / 'actions.csv')}"]
    lines += [
        f'calendar: "{spec.calendar}"',
        f"timezone: {spec.timezone}",
        f"start: {spec.default_start}",
        f"end: {spec.end}",
        f"quote_currency: {terms.quote_currency}",
        f"settlement_currency: {terms.settlement_currency}",
        "underlyings:",
        f"  - symbol: {spec.symbol}",
        f"    kind: {kind}",
        "    roots:",
    ]
    for root in spec.roots:
        close = "" if root.coin_settled else f', trading_close: "{root.trading_close}"'
        lines.append(
            f"      - {{root: {root.root}, style: {root.style.value}, settlement_time: "
            f"{root.settlement_time.value}, settlement_type: {root.settlement_type.value}, "
            f"multiplier: {root.multiplier:g}{close}}}"
        )
    lines += ["quality:", f"  min_rows: {MIN_ROWS}", f"  max_quarantined_fraction: {MAX_QUARANTINED}"]
    if spec.layout is VendorLayout.DERIBIT:
        lines += ["  # the layout has no last trades", "  require_trade_in_session: false"]
    return "\n".join([*lines, ""])


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
