"""The view of the market, read once for all who look while the journal stands still.

A view holds published rows alone, so that it is one for a place of the journal; it is kept for at
most KEEP_SECONDS, as not everything about an asset is journalled. Nobody changes its rows.
"""

import time

from dualis.lending.view import View
from realtime.journal import Position

KEEP_SECONDS = 1.0

_kept: tuple[float, Position, View] | None = None


def at(place: Position) -> View:
    """Return the view at the place where the current transaction reads."""
    global _kept
    kept, now = _kept, time.monotonic()
    if kept is not None and kept[1] == place and now - kept[0] < KEEP_SECONDS:
        return kept[2]
    view = View.read()
    _kept = now, place, view
    return view
