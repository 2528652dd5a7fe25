"""Sessions of the Dualis protocol for transcripts, and what of their answers a test looks at."""

import json

from realtime.dualis_protocol import DualisSession, Limits
from realtime.messages import (
    Close,
    Identity,
    Send,
)

T0 = 1_772_274_600.0  # 2026-02-28T10:30:00Z, the page's own moment
ALICE = Identity("usr_abc123", "retail", "ses_1", T0 + 900)


def opened(**limits):
    return DualisSession(Limits(**limits), T0)


def signed_in(**limits):
    session = opened(**limits)
    session.authenticated(ALICE, T0)
    return session


def frames(messages):
    return [json.loads(m.frame.text) for m in messages if isinstance(m, Send)]


def closes(messages):
    return [m.code for m in messages if isinstance(m, Close)]


def codes(messages):
    return [frame["code"] for frame in frames(messages) if frame["type"] == "error"]
