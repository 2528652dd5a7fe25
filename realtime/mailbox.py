"""What waits for one connection: bounded in bytes, in order, conflated where that loses nothing.

1. State frames: the newest of a key replaces the older one in its place, so that no key starves.
2. Event frames and answers: every one waits its turn.
3. A held channel keeps its events apart until its snapshot has been put; then those at or below the
   snapshot's seq are dropped.

Knows frames, keys and bytes. Knows nothing of sockets or time.
"""

from collections import OrderedDict
from dataclasses import dataclass

from realtime.frames import Frame
from realtime.topics import Kind, kind_of

LIMIT_BYTES = 1 << 20


@dataclass(slots=True, eq=False)
class Letter:
    """A frame on its way: with channel, key and seq if it is an event's, without if an answer."""

    frame: Frame
    channel: str = ""
    key: str = ""
    seq: int = 0


class Mailbox:
    """The queue of one connection."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.bytes = 0
        self._queue: OrderedDict[object, Letter] = OrderedDict()
        self._held: dict[str, OrderedDict[object, Letter]] = {}

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def is_over(self) -> bool:
        """Tell whether more waits than the bound allows."""
        return self.bytes > self.limit_bytes

    @property
    def is_holding(self) -> bool:
        return bool(self._held)

    def put(self, letter: Letter) -> None:
        """Queue an event, or keep it apart if its channel is held."""
        queue = self._held.get(letter.channel, self._queue)
        if kind_of(letter.channel) is Kind.STATE:
            place: object = (letter.channel, letter.key)
            if older := queue.get(place):
                self.bytes -= len(older.frame)
            queue[place] = letter
        else:
            queue[letter] = letter
        self.bytes += len(letter.frame)

    def put_answer(self, frame: Frame, channel: str = "") -> None:
        """Queue an answer or a row of a snapshot of `channel`: never held, never replaced."""
        letter = Letter(frame, channel)
        self._queue[letter] = letter
        self.bytes += len(frame)

    def hold(self, channel: str) -> None:
        """Keep the channel's events apart from now on."""
        self._held.setdefault(channel, OrderedDict())

    def release(self, channel: str, after: int) -> None:
        """Queue what was held with a seq above `after`; drop the rest."""
        held = self._held.pop(channel, None)
        for letter in held.values() if held else ():
            self.bytes -= len(letter.frame)
            if letter.seq > after:
                self.put(letter)

    def drop(self, channel: str) -> None:
        """Forget everything of a channel: nothing of it leaves after this."""
        for letter in self._held.pop(channel, OrderedDict()).values():
            self.bytes -= len(letter.frame)
        for place, letter in [(p, x) for p, x in self._queue.items() if x.channel == channel]:
            del self._queue[place]
            self.bytes -= len(letter.frame)

    def clear(self) -> None:
        self._queue.clear()
        self._held.clear()
        self.bytes = 0

    def take(self, max_bytes: int) -> list[Frame]:
        """Remove and return frames from the front: at least one, then up to `max_bytes`."""
        frames: list[Frame] = []
        size = 0
        while self._queue:
            place = next(iter(self._queue))
            length = len(self._queue[place].frame)
            if frames and size + length > max_bytes:
                break
            frames.append(self._queue.pop(place).frame)
            size += length
        self.bytes -= size
        return frames
