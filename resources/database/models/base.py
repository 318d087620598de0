"""What every table shares: names of constraints, and the types of money, symbols and instants."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

#: fixed names, so that a migration can change a constraint wherever it was made
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

#: coins need more than two decimals, an index in yen more than nine digits before them
Money = Annotated[Decimal, mapped_column(sa.Numeric(28, 10))]
#: an asset's name: ``USD``, ``BTC``
Currency = Annotated[str, mapped_column(sa.String(16))]
#: an underlying or an instrument; venue names like BTC-26JUN26-150000-C take 20 characters and more
Symbol = Annotated[str, mapped_column(sa.String(32))]
#: a short word from a fixed vocabulary of the engine
Word = Annotated[str, mapped_column(sa.String(48))]
#: a SHA-256 in hexadecimal digits
Digest = Annotated[str, mapped_column(sa.String(64))]
#: the run that a row belongs to; its rows go with it
RunKey = Annotated[
    uuid.UUID, mapped_column(sa.ForeignKey("backtests.id", ondelete="CASCADE"), primary_key=True)
]


class Base(DeclarativeBase):
    """The declarative base of OPTIX's tables."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own spelling
        dt.datetime: sa.DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        int: sa.BigInteger,
        float: sa.Double,
        str: sa.Text,
    }
