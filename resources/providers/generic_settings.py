"""What a universe says about files of its own layout: ``provider.settings`` of the format ``generic_table``."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from resources.providers.row_files import FilesSettings
from resources.universe import UniverseSpec
from resources.universe_fields import checked_zone

#: Canonical columns by what they hold.
TEXT_FIELDS = ("underlying", "root", "symbol", "right")
DATE_FIELDS = ("trade_date", "expiry")
TIME_FIELDS = ("ts", "quote_ts", "last_trade_ts")
PRICE_FIELDS = ("bid", "ask", "last", "mark")
SIZE_FIELDS = ("bid_size", "ask_size")
COUNT_FIELDS = ("volume", "open_interest")
UNDERLYING_FIELDS = ("spot", "vendor_forward")
GREEK_FIELDS = ("vendor_delta", "vendor_gamma", "vendor_vega", "vendor_theta")
NUMBER_FIELDS = (
    *("strike", "vendor_iv"),
    *(*PRICE_FIELDS, *SIZE_FIELDS, *COUNT_FIELDS, *UNDERLYING_FIELDS, *GREEK_FIELDS),
)
#: What a call and a put on one line have each for itself.
LEG_FIELDS = (
    "symbol",
    "vendor_iv",
    *("quote_ts", "last_trade_ts"),
    *(*PRICE_FIELDS, *SIZE_FIELDS, *COUNT_FIELDS, *GREEK_FIELDS),
)

Fault = tuple[tuple[str | int, ...], str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Constant(_Strict):
    """The same value in every row."""

    constant: float | str


Source = Annotated[str, Field(min_length=1, max_length=200)] | Constant | None


class LegMapping(_Strict):
    """Canonical columns of a call, or of a put, and where they come from."""

    symbol: Source = None
    quote_ts: Source = None
    last_trade_ts: Source = None
    bid: Source = None
    ask: Source = None
    last: Source = None
    mark: Source = None
    bid_size: Source = None
    ask_size: Source = None
    volume: Source = None
    open_interest: Source = None
    vendor_iv: Source = None
    vendor_delta: Source = None
    vendor_gamma: Source = None
    vendor_vega: Source = None
    vendor_theta: Source = None

    def sources(self) -> dict[str, str | Constant]:
        """By canonical column, those that are given."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: source for name, source in given.items() if source is not None}


class Mapping(LegMapping):
    """Canonical columns of a row, and where they come from: a column of the file, or a constant."""

    underlying: Source = None
    root: Source = None
    right: Source = None
    trade_date: Source = None
    expiry: Source = None
    ts: Source = None
    strike: Source = None
    spot: Source = None
    vendor_forward: Source = None


class Units(_Strict):
    """What the file's numbers are multiplied with to become canonical."""

    price_scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    underlying_scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    strike_scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    size_scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    volatility: Literal["decimal", "percent"] = "decimal"
    #: of option prices; must be the universe's quote currency
    price_currency: str | None = None


class Nulls(_Strict):
    """What stands where there is nothing, beside the empty cell."""

    texts: tuple[str, ...] = ()
    #: in price, size and volatility columns; negative ones also in volume and open interest
    numbers: tuple[float, ...] = (0.0,)


class Times(_Strict):
    """How instants are written."""

    #: ``iso``, ``epoch_s``, ``epoch_ms``, ``epoch_us``, ``epoch_ns``, or a format of ``strptime``
    format: str = "iso"
    #: of texts and timestamps without an offset; None for the universe's
    zone: str | None = None

    @field_validator("format")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in ("iso", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"):
            _require_strptime(value, dt.datetime(2021, 11, 22, 13, 44))
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return value if value is None else checked_zone(value)


class Dates(_Strict):
    """How dates are written."""

    format: str = "%Y-%m-%d"

    @field_validator("format")
    @classmethod
    def _known(cls, value: str) -> str:
        _require_strptime(value, dt.datetime(2021, 11, 22))
        return value


class Rights(_Strict):
    """How a call and a put are written, in any letter case."""

    call: tuple[str, ...] = ("C", "call")
    put: tuple[str, ...] = ("P", "put")


class GenericSettings(FilesSettings):
    """Everything about the layout of a folder of tables."""

    kind: Literal["csv", "parquet"] = "csv"
    delimiter: str = Field(default=",", pattern=r'^[^"\r\n]$')
    #: names of the columns of files without a header line
    columns: tuple[str, ...] | None = None
    mapping: Mapping
    #: where a call and a put stand on one line: what each has for itself
    call: LegMapping | None = None
    put: LegMapping | None = None
    #: ``osi``: root, expiry, right and strike are read from the symbol
    symbol_rule: Literal["osi"] | None = None
    #: a row whose symbol is the underlying's own gives its price
    underlying_rows: bool = False
    #: local time of the snapshot where rows have none; None for the close of the root
    snapshot_time: str | None = Field(default=None, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    dates: Dates = Dates()
    times: Times = Times()
    rights: Rights = Rights()
    units: Units = Units()
    nulls: Nulls = Nulls()


def mapping_fault(universe: UniverseSpec, settings: GenericSettings, placeholders: set[str]) -> Fault | None:
    """The first rule that the settings break together, with the place of the mistake; None where they fit."""
    mapping = settings.mapping.sources()
    for check in (_identity_fault, _place_fault, _source_fault):
        fault = check(universe, settings, mapping, placeholders)
        if fault is not None:
            return fault
    currency = settings.units.price_currency
    if currency is not None and currency != universe.quote_currency:
        return ("units", "price_currency"), (
            f"prices are in {currency}, but the universe's quote_currency is {universe.quote_currency}; correct one"
        )
    return None


def _identity_fault(
    universe: UniverseSpec, settings: GenericSettings, mapping: dict[str, str | Constant], _: set[str]
) -> Fault | None:
    """Expiry, right and strike must come from somewhere, and some price."""
    legs = {name: leg for name in ("call", "put") if (leg := getattr(settings, name)) is not None}
    if len(legs) == 1:
        return (next(iter(legs)),), "needs call and put both; with one alone, map right as a constant"
    if legs and ("right" in mapping or settings.symbol_rule):
        at = ("mapping", "right") if "right" in mapping else ("symbol_rule",)
        return at, "call and put say the right already; leave it out"
    shared = sorted({name for leg in legs.values() for name in leg.sources()} & set(mapping))
    if shared:
        return ("mapping", shared[0]), "is mapped by call or put too; leave one out"
    if settings.symbol_rule and "symbol" not in mapping:
        return ("mapping", "symbol"), "is needed by symbol_rule"
    if settings.underlying_rows and ("symbol" not in mapping or "spot" in mapping):
        return ("underlying_rows",), "needs a mapped symbol, and spot not to be mapped"
    needed = [] if settings.symbol_rule else ["expiry", "strike", *(() if legs else ("right",))]
    for name in needed:
        if name not in mapping:
            return ("mapping", name), "is needed: map it, or set symbol_rule: osi"
    given = [mapping, *(leg.sources() for leg in legs.values())]
    if not any(name in sources for sources in given for name in PRICE_FIELDS):
        return ("mapping",), f"maps no price: one of {', '.join(PRICE_FIELDS)} is needed"
    return None


def _place_fault(
    universe: UniverseSpec,
    settings: GenericSettings,
    mapping: dict[str, str | Constant],
    placeholders: set[str],
) -> Fault | None:
    """Whose and of which day a row is must come from somewhere."""
    several = len(universe.underlyings) > 1
    if several and not ("underlying" in mapping or "underlying" in placeholders or settings.symbol_rule):
        return ("mapping", "underlying"), (
            "is needed: the universe has several underlyings; map it, put {underlying} into files, or set symbol_rule"
        )
    if not ("root" in mapping or settings.symbol_rule) and any(
        len(u.roots) > 1 for u in universe.underlyings
    ):
        return (
            "mapping",
            "root",
        ), "is needed: an underlying has several roots; map it, or set symbol_rule: osi"
    if not ({"trade_date", "ts"} & set(mapping) or placeholders & {"date", "yyyymmdd"}):
        return ("mapping", "trade_date"), "is needed: map it, or ts, or put {date} or {yyyymmdd} into files"
    if "ts" in mapping and settings.snapshot_time is not None:
        return ("snapshot_time",), "ts is mapped already; leave one out"
    for name in ("trade_date", "ts", "underlying"):
        if isinstance(mapping.get(name), Constant):
            return ("mapping", name), "cannot be a constant: it tells rows apart"
    return None


def _source_fault(
    universe: UniverseSpec, settings: GenericSettings, mapping: dict[str, str | Constant], _: set[str]
) -> Fault | None:
    """Columns that exist, of one type each, and constants of the right type."""
    if settings.columns is not None and settings.kind == "parquet":
        return ("columns",), "is for text without a header; a parquet file names its columns"
    repeated = sorted({name for name in settings.columns or () if (settings.columns or ()).count(name) > 1})
    if repeated:
        return ("columns",), f"names {repeated[0]} twice"
    kinds: dict[str, tuple[str, str]] = {}
    for where, sources in (
        ("mapping", mapping),
        ("call", settings.call.sources() if settings.call else {}),
        ("put", settings.put.sources() if settings.put else {}),
    ):
        for name, source in sources.items():
            if isinstance(source, Constant):
                fault = _constant_fault(settings, name, source.constant)
                if fault:
                    return (where, name, "constant"), fault
                continue
            if settings.columns is not None and source not in settings.columns:
                return (where, name), f"{source!r} is none of columns ({', '.join(settings.columns)})"
            kind = "number" if name in NUMBER_FIELDS else "text"
            before = kinds.setdefault(source, (kind, name))
            if before[0] != kind:
                return (where, name), f"takes {source!r} as {kind}, and {before[1]} as {before[0]}"
    return None


def _constant_fault(settings: GenericSettings, name: str, value: float | str) -> str | None:
    if name in NUMBER_FIELDS:
        return None if isinstance(value, float | int) else f"must be a number, not {value!r}"
    if name == "right":
        known = [text.upper() for text in (*settings.rights.call, *settings.rights.put)]
        return None if str(value).upper() in known else f"must be one of {', '.join(known)}"
    if name in DATE_FIELDS:
        try:
            dt.datetime.strptime(str(value), settings.dates.format)
        except ValueError:
            return f"must be a date as {settings.dates.format}"
        return None
    return f"{name} cannot be a constant" if name in TIME_FIELDS else None


def _require_strptime(form: str, sample: dt.datetime) -> None:
    """Refuse a format that does not read back what it wrote."""
    try:
        same = dt.datetime.strptime(sample.strftime(form), form).date() == sample.date()
    except ValueError as error:
        raise ValueError(f"{form!r} is no format of strptime: {error}") from error
    if not same:
        raise ValueError(f"{form!r} does not hold year, month and day")
