"""A universe: underlyings that share a provider, a calendar and a currency. One YAML file each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from engine.instruments.security_master import SecurityMaster
from engine.instruments.terms import RootTerms, UnderlyingKind
from resources.data_quality.catalogue import CATALOGUE, checked_name, setting_problem
from resources.data_quality.check_definition import Setting
from resources.root_terms import require_known_terms, with_known_terms
from resources.underlying_spec import UnderlyingSpec
from resources.universe_fields import LAST_DAY, Calendar, Currency, Day, Minutes, StrictModel, Zone

#: coins that stand for dollars: venues quote and settle linear options in them
STABLECOINS = ("USDC", "USDT")


class UnknownUnderlyingError(LookupError):
    """A universe was asked for an underlying that it does not have."""


class ProviderSpec(StrictModel):
    """Where quotes come from. ``path`` may start with ``${data}`` (the data folder of the run) or
    ``${generated}`` (the folder of the generated universes). ``settings`` are the format's own; its adapter
    says which there are (``FileAdapter.settings_model``)."""

    format: str
    #: empty for a format that reads no files
    path: str = ""
    mode: Literal["historical", "snapshot_only"] = "historical"
    #: minutes from the market's ``ts`` until a trader could have known the quote
    known_after_minutes: Minutes = 0
    settings: dict[str, Any] = Field(default_factory=dict)


class RatesSpec(StrictModel):
    format: Literal["fred_csv", "treasury_cmt_csv", "sofr_ohlc_csv", "lean_interest_rate"] = "fred_csv"
    path: str
    currency: Currency = "USD"
    max_age_days: int = Field(default=14, gt=0, le=36_525)


class ActionPricesSpec(StrictModel):
    """Unadjusted prices that may settle the date of an event which its own source leaves open."""

    format: Literal["quandl_wiki_zip", "tiingo_daily_csv"]
    path: str


class CorporateActionsSpec(StrictModel):
    """Where corporate actions come from; ``settings`` are those of a format that asks a service."""

    format: Literal[
        "actions_csv",
        "lean_factor_files",
        "memos_yaml",
        "polygon_actions",
        "quandl_wiki_zip",
        "splits_catalog_json",
        "tiingo_daily_csv",
    ] = "actions_csv"
    #: empty for a format that asks a service
    path: str = ""
    prices: ActionPricesSpec | None = None
    #: a file of format memos_yaml whose records join the events
    memos: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)


class EarningsSpec(StrictModel):
    format: Literal["earnings_sqlite"] = "earnings_sqlite"
    path: str


class IndexHistorySpec(StrictModel):
    """Daily bars of something that is no underlying of the universe: a volatility index, a benchmark."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")
    format: Literal[
        "vix_daily_csv", "yahoo_daily_csv", "tiingo_daily_csv", "quandl_wiki_zip", "daily_price_csv"
    ]
    path: str
    #: the name in a file of several symbols, where it differs
    symbol: str | None = None
    #: minutes from the session's close until a trader could have known the bar
    known_after_minutes: Minutes = 15


class CheckSetting(StrictModel):
    """What a universe sets of one check; what it leaves out is as in ``resources.data_quality.catalogue``."""

    severity: Setting | None = None
    limit: float | None = Field(default=None, ge=0)


CheckName = Annotated[str, AfterValidator(checked_name)]


class QualitySpec(StrictModel):
    """The data-quality suite of a universe: thresholds, and the severity or limit of single checks."""

    min_rows: int = Field(default=50, ge=1)
    #: rows against the session before; below it is a warning
    min_row_ratio: float = Field(default=0.5, gt=0, le=1)
    max_quarantined_fraction: float = Field(default=0.2, gt=0, le=1)
    max_missing_fraction: float = Field(default=0.05, ge=0, le=1)
    #: share of contracts whose bid, ask and sizes all equal the session before from which a day is a repeat
    repeat_fraction: float = Field(default=0.95, gt=0, le=1)
    wide_relative_spread: float = Field(default=0.5, gt=0)
    #: quotes whose own time is older than this against the snapshot are graded stale
    stale_after_minutes: Minutes = Field(default=60, gt=0)
    #: the last trade of a liquid name must be of the session itself; off for thinly traded ones
    require_trade_in_session: bool = True
    #: minutes between the snapshots of a session; None: learnt from a session whose snapshots are regular
    snapshot_minutes: Minutes | None = Field(default=None, gt=0)
    checks: dict[CheckName, CheckSetting] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _settable(self) -> "QualitySpec":
        problems = [setting_problem(n, c.severity, c.limit) for n, c in self.checks.items()]
        if any(problems):
            raise ValueError("; ".join(p for p in problems if p))
        return self

    def severity(self, check: str) -> Setting:
        """The severity of a check under this universe's settings."""
        setting = self.checks.get(check)
        if setting is not None and setting.severity is not None:
            return setting.severity
        if check == "last_trade" and not self.require_trade_in_session:
            return "warning"
        return CATALOGUE[check].severity

    def limit(self, check: str) -> float | None:
        """The number that a check compares with; None where its rule has none."""
        definition, setting = CATALOGUE[check], self.checks.get(check)
        if definition.threshold is not None:
            return float(getattr(self, definition.threshold))
        return definition.limit if setting is None or setting.limit is None else setting.limit


class UniverseSpec(StrictModel):
    """Everything that OPTIX must know to harvest and judge one group of underlyings."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,47}$")
    description: str
    provider: ProviderSpec
    rates: RatesSpec | None = None
    corporate_actions: CorporateActionsSpec | None = None
    earnings: EarningsSpec | None = None
    index_histories: tuple[IndexHistorySpec, ...] = ()
    #: an exchange_calendars code, or "24/7"
    calendar: Calendar
    timezone: Zone
    start: Day
    end: Day | None = None
    quote_currency: Currency
    settlement_currency: Currency
    underlyings: tuple[UnderlyingSpec, ...] = Field(min_length=1)
    quality: QualitySpec = QualitySpec()
    owners: tuple[str, ...] = ("team:optix",)

    @model_validator(mode="before")
    @classmethod
    def _with_known_terms(cls, content: Any) -> Any:
        return with_known_terms(content) if isinstance(content, Mapping) else content

    @model_validator(mode="after")
    def _consistent(self) -> "UniverseSpec":
        if self.end is not None and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        roots = [r.root for u in self.underlyings for r in u.roots]
        if len(set(roots)) != len(roots):
            raise ValueError("a root is named by two underlyings")
        names = [history.name for history in self.index_histories]
        if len(set(names)) != len(names):
            raise ValueError("two index_histories have the same name")
        for underlying in self.underlyings:
            require_known_terms(underlying.roots, underlying.kind, (self.start, self.end or LAST_DAY))
        self.security_master()
        return self

    @property
    def coin_settled(self) -> bool:
        """Whether options are priced and settled in the coin itself; a stablecoin is a currency like the dollar."""
        dollars = ("USD", *STABLECOINS)
        return self.quote_currency not in dollars and self.quote_currency == self.settlement_currency

    def underlying(self, symbol: str) -> UnderlyingSpec:
        """The underlying of that symbol.

        Raises
        ------
        UnknownUnderlyingError
            Naming those that there are.
        """
        for u in self.underlyings:
            if u.symbol == symbol:
                return u
        known = ", ".join(u.symbol for u in self.underlyings)
        raise UnknownUnderlyingError(f"universe {self.name} has no underlying {symbol}; it has {known}")

    def security_master(self) -> SecurityMaster:
        """Who its tickers were on a day.

        Raises
        ------
        SecurityMasterError
            Intervals that overlap, or end before they begin.
        """
        return SecurityMaster(i for u in self.underlyings for i in u.symbol_intervals())

    def root_terms(self) -> dict[str, RootTerms]:
        """Terms by root, as the engine wants them."""
        return {
            r.root: RootTerms(
                root=r.root,
                underlying=u.symbol,
                style=r.style,
                settlement_time=r.settlement_time,
                settlement_type=r.settlement_type,
                multiplier=r.multiplier,
                quote_currency=self.quote_currency,
                settlement_currency=self.settlement_currency,
                timezone=self.timezone,
                trading_close=r.trading_close,
                coin_settled=self.coin_settled and u.kind is UnderlyingKind.COIN,
                calendar=self.calendar,
            )
            for u in self.underlyings
            for r in u.roots
        }

    def resolve(self, path: str, *, data: Path | None, generated: Path) -> Path:
        """A path of this YAML with its placeholders filled in."""
        if "${data}" in path:
            if data is None:
                raise FileNotFoundError(
                    f"universe {self.name}: {path} needs a data folder; "
                    "name it with --data or OPTIX_REAL_DATA"
                )
            path = path.replace("${data}", str(data))
        return Path(path.replace("${generated}", str(generated))).expanduser()
