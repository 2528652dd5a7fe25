"""Frames against the websockets library as the client that reads them."""

from base64 import b64encode
from random import Random
from string import printable

import pytest
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame as ReadFrame
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from realtime.frames import LEAST_BYTES, MEMORY_LEVEL, WINDOW_BITS, Frame, join


def read(wire: bytes, is_deflated: bool = False) -> list[ReadFrame]:
    """Return the frames that a client reads; it has no memory of the messages before."""
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)
    if is_deflated:
        client.extensions = [PerMessageDeflate(True, True, WINDOW_BITS, 15)]
    client.receive_data(wire)
    assert client.parser_exc is None
    return [event for event in client.events_received() if isinstance(event, ReadFrame)]


def noise(length: int) -> str:
    """Return a text of this length that deflates to about three quarters of it."""
    return b64encode(Random(1).randbytes(length)).decode()[:length]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
@pytest.mark.parametrize("is_deflated", [False, True])
def test_a_frame_of_every_length_class_is_read_back(length, is_deflated):
    text = noise(length)
    (frame,) = read(join([Frame(text)], deflated=is_deflated), is_deflated)
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, text.encode())


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_a_frame_is_byte_for_byte_what_the_library_writes(length):
    text = noise(length)
    assert Frame(text).wire == ReadFrame(Opcode.TEXT, text.encode()).serialize(mask=False)


def by_library(text: str) -> bytes:
    """Return the deflated frame that the library's server sends."""
    server = ServerProtocol(state=State.OPEN)
    server.extensions = [PerMessageDeflate(True, True, 15, WINDOW_BITS, {"memLevel": MEMORY_LEVEL})]
    server.send_text(text.encode())
    return b"".join(server.data_to_send())


@pytest.mark.parametrize("length", [LEAST_BYTES, 160, 200, 1_000, 20_000, 65_536, 100_000])
def test_a_deflated_frame_is_byte_for_byte_what_the_library_writes(length):
    assert Frame(noise(length)).deflated == by_library(noise(length))


@pytest.mark.parametrize(
    ("payload", "header", "around"),
    [(125, 2, 120), (126, 4, 120), (65_535, 4, 85_770), (65_536, 10, 85_770)],
)
def test_a_deflated_frame_has_the_header_of_its_deflated_length(payload, header, around):
    texts = (noise(around + n) + "x" * 10 for n in range(60))
    text = next(text for text in texts if len(by_library(text)) == payload + header)
    (frame,) = read(Frame(text).deflated, True)
    assert bytes(frame.data).decode() == text


def test_a_short_text_and_one_that_grows_are_not_deflated():
    grown = "".join(Random(1).choices(printable[:94], k=LEAST_BYTES))
    for frame in (Frame("x" * (LEAST_BYTES - 1)), Frame(grown)):
        assert frame.deflated is frame.wire
    assert Frame("x" * LEAST_BYTES).deflated != Frame("x" * LEAST_BYTES).wire


def test_joined_deflated_frames_need_no_context():
    texts = ["one " * 60, "short", "two " * 60, "one " * 60]
    wire = join([Frame(text) for text in texts], deflated=True)
    assert [bytes(f.data).decode() for f in read(wire, True)] == texts


def test_joined_frames_are_read_as_separate_messages():
    joined = Frame("one").wire + Frame("zwölf €").wire + Frame("").wire
    assert [bytes(f.data).decode() for f in read(joined)] == ["one", "zwölf €", ""]


def test_the_wire_form_is_made_once():
    frame = Frame("text")
    assert frame.wire is frame.wire and frame.text is frame.text
    long = Frame("x" * LEAST_BYTES)
    assert long.deflated is long.deflated
