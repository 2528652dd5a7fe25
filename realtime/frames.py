"""A text and its WebSocket frame, each made once and shared by reference.

Server frames are unmasked (RFC 6455, 5.1), so the same bytes go to every connection.
Knows RFC 6455 framing of text messages. Knows nothing of who receives them.
"""

import struct


class Frame:
    """One text message; `wire` is its unfragmented, unmasked, uncompressed frame."""

    __slots__ = ("_text", "_wire", "payload")

    def __init__(self, text: str | bytes) -> None:
        self.payload = text if isinstance(text, bytes) else text.encode()
        self._text: str | None = text if isinstance(text, str) else None
        self._wire: bytes | None = None

    @property
    def text(self) -> str:
        if self._text is None:
            self._text = self.payload.decode()
        return self._text

    @property
    def wire(self) -> bytes:
        if self._wire is None:
            self._wire = _header(len(self.payload)) + self.payload
        return self._wire

    def __len__(self) -> int:
        return len(self.payload)

    def __repr__(self) -> str:
        return f"Frame({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frame) and other.payload == self.payload

    def __hash__(self) -> int:
        return hash(self.payload)


def _header(length: int) -> bytes:
    """Return FIN + text and the length in its shortest form (RFC 6455, 5.2)."""
    if length < 126:
        return struct.pack("!BB", 0x81, length)
    if length < 65_536:
        return struct.pack("!BBH", 0x81, 126, length)
    return struct.pack("!BBQ", 0x81, 127, length)
