"""Who gets which events: as if each subscriber had been asked by itself."""

from hypothesis import given
from hypothesis import strategies as st

from realtime.messages import Event
from realtime.shares import divide
from realtime.topics import select, topics_for, topics_of

SYMBOLS = ("BTC", "ETH", "SOL")
CHOICES = st.lists(st.sampled_from(SYMBOLS), unique=True, max_size=3)  # none means all


def moved(symbols):
    return [Event(n, "e", "prices", s, "", (s,), False, "", "{}") for n, s in enumerate(symbols, 1)]


@given(st.lists(CHOICES, max_size=6), st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=6))
def test_each_gets_its_own_events_once_in_order_and_likes_share(choices, symbols):
    topics = {}
    wanted = {n: topics_for(select("prices", {"assets": c}), "") for n, c in enumerate(choices)}
    for number, names in wanted.items():
        for name in names:
            topics.setdefault(name, set()).add(number)
    events = moved(symbols)
    batches = divide(events, topics)
    got = {number: batch for batch, numbers in batches for number in numbers}
    assert len(got) == sum(len(numbers) for _, numbers in batches), "nobody is told twice"
    for number, names in wanted.items():
        own = [e for e in events if names & set(topics_of(e.channel, e.owner, e.dims))]
        assert list(got.get(number, [])) == own
    followed = [
        frozenset(n for e in events for n in topics_of(e.channel, e.owner, e.dims) if n in names)
        for names in wanted.values()
    ]
    assert len(batches) == len({names for names in followed if names}), "one batch for likes"


def test_who_leaves_while_a_batch_is_handed_out_disturbs_nobody():
    topics = {name: {1, 2} for name in topics_for(select("prices", {}), "")}
    [(_, subscribers)] = divide(moved(["ETH"]), topics)
    for members in topics.values():
        members.clear()
    assert sorted(subscribers) == [1, 2]
