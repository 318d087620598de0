"""The rows of Tardis's options_chain files, typed a block at a time."""

from collections.abc import Iterator

import pyarrow as pa

from resources.providers.payload_text import MAX_UNPACKED_BYTES, line_blocks
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.raw_store import RawPart

_F = pa.float64()
_TEXTS = ("exchange", "symbol", "type", "underlying_index")
_INSTANTS = ("timestamp", "local_timestamp", "expiration")
GREEKS = ("delta", "gamma", "vega", "theta")
_LAYOUT = CsvLayout(
    columns={
        **dict.fromkeys(_TEXTS, pa.string()),
        **dict.fromkeys(_INSTANTS, pa.int64()),
        **dict.fromkeys(
            ("strike_price", "open_interest", "last_price", "bid_price", "bid_amount", "bid_iv"), _F
        ),
        **dict.fromkeys(
            ("ask_price", "ask_amount", "ask_iv", "mark_price", "mark_iv", "underlying_price"), _F
        ),
        **dict.fromkeys((*GREEKS, "rho"), _F),
    },
    required=frozenset({"exchange", "symbol", "type", "strike_price", *_INSTANTS}),
)
#: csv of numbers does not shrink more than this
_MOST_EXPANSION = 200
#: what is typed at once; larger blocks take more memory and no less time
_BLOCK_BYTES = 1 << 22


def typed_blocks(part: RawPart) -> Iterator[TypedRows]:
    """The rows of a file, some megabytes at a time."""
    header = b""
    limit_bytes = max(MAX_UNPACKED_BYTES, _MOST_EXPANSION * len(part.payload))
    for block in line_blocks(part.payload, part.name, block_bytes=_BLOCK_BYTES, limit_bytes=limit_bytes):
        if not header:
            header, _, block = block.partition(b"\n")
            if not block.strip():
                block = b""
        elif not block.strip():
            continue
        yield read_typed_csv(header + b"\n" + block, _LAYOUT, part.name)
