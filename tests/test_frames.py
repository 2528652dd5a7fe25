"""Frames against the websockets library as the client that reads them."""

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame as ReadFrame
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from realtime.frames import Frame


def read(wire: bytes) -> list[ReadFrame]:
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)
    client.receive_data(wire)
    assert client.parser_exc is None
    return [event for event in client.events_received() if isinstance(event, ReadFrame)]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_a_frame_of_every_length_class_is_read_back(length):
    (frame,) = read(Frame("x" * length).wire)
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, b"x" * length)


def test_joined_frames_are_read_as_separate_messages():
    joined = Frame("one").wire + Frame("zwölf €").wire + Frame("").wire
    assert [bytes(f.data).decode() for f in read(joined)] == ["one", "zwölf €", ""]


def test_the_wire_form_is_made_once():
    frame = Frame("text")
    assert frame.wire is frame.wire and frame.text is frame.text
