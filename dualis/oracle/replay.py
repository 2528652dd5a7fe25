"""Recorded prices from a CSV file, to be played again. Pure: takes lines, opens no file.

The first column named time, timestamp or date holds ISO dates or unix seconds, rising; every other
column is an asset, named by its symbol, or by SYMBOL_close where `column` is close.
"""

import csv
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite
from urllib.parse import parse_qsl

from dualis.exact import EXACT, round_even
from dualis.oracle.aggregate import PRICE_PLACES
from dualis.oracle.windows import DAY

_TIME_COLUMNS = ("time", "timestamp", "date")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_UNIX = re.compile(r"[0-9]+(\.[0-9]+)?")
_MOST_DIGITS = 20  # before the point


class ReplayError(ValueError):
    """The setting or the file cannot be played; the text names the place."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What to play: `speed` seconds of history a second, `column` the suffix of the headers."""

    path: str
    speed: float = 1.0
    column: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """One asset's recorded moments, rising, and its prices there."""

    moments: list[datetime]
    prices: list[Decimal]


@dataclass(frozen=True, slots=True)
class History:
    """All that was recorded; `ignored` are the columns that no known asset claims."""

    first: datetime
    last: datetime
    tracks: dict[str, Track]
    ignored: tuple[str, ...]

    @property
    def start(self) -> datetime:
        """The moment a replay starts at: a day in, so that the 24 h change is a recorded one."""
        return self.first + DAY

    def end_of(self, asset: str) -> datetime:
        """Return the moment of the asset's last price."""
        return self.tracks[asset].moments[-1]

    def price_at(self, asset: str, at: datetime) -> Decimal | None:
        """Return the price between two rows, linear, half to even at 8 places; None outside."""
        track = self.tracks[asset]
        index = bisect_right(track.moments, at) - 1
        if index < 0 or at > track.moments[-1]:
            return None
        price, since = track.prices[index], track.moments[index]
        if at == since:
            return price
        passed = (at - since) // timedelta(microseconds=1)
        whole = (track.moments[index + 1] - since) // timedelta(microseconds=1)
        rise = EXACT.multiply(track.prices[index + 1] - price, Decimal(passed))
        return round_even(EXACT.add(price, EXACT.divide(rise, Decimal(whole))), PRICE_PLACES)


def parse_spec(text: str) -> Spec:
    """Read `FILE[?speed=N&column=NAME]`; raise ReplayError."""
    path, _, query = text.partition("?")
    if not path:
        raise ReplayError("no file is named")
    try:
        options = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError as error:
        raise ReplayError(f"options {query!r} are not of the form name=value&...") from error
    speed, column = 1.0, ""
    for name, value in options:
        match name:
            case "speed":
                speed = _speed(value)
            case "column" if value:
                column = value
            case _:
                raise ReplayError(f"option {name}={value} is not known (speed=N, column=NAME)")
    return Spec(path, speed, column)


def parse(lines: Iterable[str], *, column: str, known: Collection[str]) -> History:
    """Read a history of the known assets; raise ReplayError that names line and column.

    An empty cell is no quote: before an asset is listed there is none; later ones are bridged.
    """
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        time_index, assets, ignored = _columns(header, column, known)
        moments: list[datetime] = []
        tracks = {asset: Track([], []) for asset in assets.values()}
        for cells in reader:
            if not cells:
                continue
            where = f"line {reader.line_num}"
            if len(cells) != len(header):
                raise ReplayError(f"{where}: {len(cells)} cells, the header has {len(header)}")
            place = f"{where}, column {header[time_index]}"
            moment = _moment(cells[time_index].strip(), place)
            if moments and moment <= moments[-1]:
                raise ReplayError(f"{place}: {cells[time_index]} does not come after the row above")
            moments.append(moment)
            for index, asset in assets.items():
                if cell := cells[index].strip():
                    tracks[asset].moments.append(moment)
                    tracks[asset].prices.append(_price(cell, f"{where}, column {header[index]}"))
    except csv.Error as error:
        raise ReplayError(f"line {reader.line_num}: {error}") from error
    if not moments or moments[-1] - moments[0] <= DAY:
        raise ReplayError("the rows cover no more than 24 h, which is where a replay starts")
    priced = {asset: track for asset, track in tracks.items() if track.moments}
    if not priced:
        raise ReplayError("no column of a known asset has a price")
    return History(moments[0], moments[-1], priced, ignored)


def _columns(
    header: list[str], column: str, known: Collection[str]
) -> tuple[int, dict[int, str], tuple[str, ...]]:
    """Return the index of the time, the known assets by index, and the unknown names."""
    times = [i for i, name in enumerate(header) if name.lower() in _TIME_COLUMNS]
    if len(times) != 1:
        raise ReplayError(
            f"line 1: one column must be named time, timestamp or date, not {len(times)}"
        )
    suffix = f"_{column}" if column else ""
    assets: dict[int, str] = {}
    ignored: list[str] = []
    for index, name in enumerate(header):
        if index == times[0] or not name.endswith(suffix):
            continue
        symbol = name.removesuffix(suffix)
        if symbol not in known:
            ignored.append(symbol)
        elif symbol in assets.values():
            raise ReplayError(f"line 1: column {name} stands there twice")
        else:
            assets[index] = symbol
    if not assets:
        raise ReplayError(f"line 1: no column is named SYMBOL{suffix} of a known asset")
    return times[0], assets, tuple(ignored)


def _moment(cell: str, place: str) -> datetime:
    try:
        if _UNIX.fullmatch(cell):
            return datetime.fromtimestamp(float(cell), UTC)
        moment = datetime.fromisoformat(cell)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ReplayError(f"{place}: {cell!r} is no date, time or unix seconds") from error


def _price(cell: str, place: str) -> Decimal:
    if not _NUMBER.fullmatch(cell):
        raise ReplayError(f"{place}: {cell!r} is no number")
    number = Decimal(cell)
    if number.adjusted() >= _MOST_DIGITS:
        raise ReplayError(f"{place}: {cell} is too large for a price")
    price = round_even(number, PRICE_PLACES)
    if price <= 0:
        raise ReplayError(f"{place}: {cell} is no positive price")
    return price


def _speed(value: str) -> float:
    try:
        speed = float(value)
    except ValueError as error:
        raise ReplayError(f"speed {value!r} is no number") from error
    if not isfinite(speed) or speed <= 0:
        raise ReplayError(f"speed {value} is not above zero")
    return speed
