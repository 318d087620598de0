"""Exit rules that the credit strategies share."""

from engine.portfolio.view import PackageView


def credit_exit(
    package: PackageView,
    trade_day: int,
    *,
    profit_target: float | None,
    loss_multiple: float | None,
    exit_days_to_expiry: int | None,
) -> str | None:
    """Reason to close a package that was opened for a credit, None to keep it.

    Profit is judged at mid, before fees: ``profit_target`` of the credit gained, or ``loss_multiple`` times the
    credit lost. The loss is judged first, then the profit, then the days.
    """
    credit, profit = package.entry_value, package.profit_before_fees
    if credit > 0:
        rounding = 1e-9 * credit  # at the target counts, also where floats miss it by a hair
        if loss_multiple is not None and profit <= -loss_multiple * credit + rounding:
            return "loss_multiple"
        if profit_target is not None and profit >= profit_target * credit - rounding:
            return "profit_target"
    expiry = package.nearest_expiry_days
    if exit_days_to_expiry is not None and expiry is not None and expiry - trade_day <= exit_days_to_expiry:
        return "days_to_expiry"
    return None
