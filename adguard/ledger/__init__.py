"""What happened, kept: a journal that survives being killed, and the figures it adds up to."""

from adguard.ledger.errors import (
    LedgerError,
    LedgerFull,
    LedgerUnavailable,
    StoreError,
    StoreURLError,
)
from adguard.ledger.events import Batch, Event
from adguard.ledger.ledger import Ledger
from adguard.ledger.opening import open_store
from adguard.ledger.store import (
    EVERYTHING,
    Figures,
    Parcel,
    Point,
    Row,
    Slice,
    Span,
    Store,
    Totals,
)

__all__ = [
    "EVERYTHING",
    "Batch",
    "Event",
    "Figures",
    "Ledger",
    "LedgerError",
    "LedgerFull",
    "LedgerUnavailable",
    "Parcel",
    "Point",
    "Row",
    "Slice",
    "Span",
    "Store",
    "StoreError",
    "StoreURLError",
    "Totals",
    "open_store",
]
