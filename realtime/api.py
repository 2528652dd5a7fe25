"""REST of the stream: the events after a seq, for programs that resync."""

from typing import Any

import msgspec
from rest_framework import serializers
from rest_framework.views import APIView

from dualis.api import reply
from realtime import journal, readers, topics

LIMIT = 1_000


class _Query(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0)
    epoch = serializers.CharField(required=False, default="", allow_blank=True)
    channel = serializers.ListField(
        child=serializers.ChoiceField(list(topics.CHANNELS)), required=False, default=list
    )
    limit = serializers.IntegerField(min_value=1, max_value=LIMIT, default=LIMIT)


class EventsView(APIView):
    """GET /v1/events?after=seq: public events and the caller's own, in order; 410 if too old."""

    def get(self, request: Any) -> Any:
        params = request.query_params
        query = _Query(data={**params.dict(), "channel": params.getlist("channel")})
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        channels = asked["channel"] or list(topics.CHANNELS)
        with readers.read_only():
            at = journal.position()
            with_state = any(topics.kind_of(c) is topics.Kind.STATE for c in channels)
            journal.require(asked["after"], asked["epoch"], at, with_state=with_state)
            events = journal.since(
                asked["after"],
                until=at.seq,
                limit=asked["limit"] + 1,
                channels=channels,
                owner=str(request.user.pk),
                epoch=at.epoch,
            )
        page = events[: asked["limit"]]
        has_more = len(events) > len(page)
        return reply(
            [
                {
                    "seq": event.seq,
                    "channel": event.channel,
                    "key": event.key,
                    "timestamp": event.at,
                    "deleted": event.is_deleted,
                    "data": msgspec.json.decode(event.text),
                }
                for event in page
            ],
            seq=page[-1].seq if has_more else at.seq,
            epoch=at.epoch,
            hasMore=has_more,
        )
