"""The Notional consumer: anybody subscribes to any address; the rest is the shell's."""

import time

from django.conf import settings

from realtime import joins, live, topics
from realtime.frames import Frame
from realtime.live_summaries import CHANNEL, SUMMARIES
from realtime.messages import Event, Message, Subscribe
from realtime.notional_protocol import Limits, NotionalSession, data_frame, name_of, name_of_event
from realtime.shell import Shell


class NotionalConsumer(Shell):
    """`/` and `/ws`."""

    def open_session(self, now: float) -> NotionalSession:
        self.watched: dict[str, str] = {}  # name of the subscription -> address
        self.session = NotionalSession(Limits(settings.NOTIONAL_IDLE_SECONDS), now)
        return self.session

    def frame_of(self, event: Event) -> Frame:
        return data_frame(event)

    def name_of(self, event: Event) -> str:
        return name_of_event(event)

    def forget(self, name: str) -> None:
        if address := self.watched.pop(name, ""):
            live.of(self.hub, SUMMARIES).unwatch(address)
        super().forget(name)

    async def do_other(self, message: Message) -> None:
        assert isinstance(message, Subscribe), "the session asks for nothing else"
        name = name_of(message)
        self.begin_join(name, topics.topics_for(message.selection, message.owner))
        snapshot = await joins.of(self.hub).join(message, message.owner)
        if message.channel == CHANNEL:
            live.of(self.hub, SUMMARIES).watch(message.owner, snapshot)
            self.watched[name] = message.owner
        self.end_join(name, snapshot, self.session.subscribed(message, snapshot, time.time()))
