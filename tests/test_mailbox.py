"""The mailbox: order, conflation, holding, and its byte count."""

from hypothesis import given
from hypothesis import strategies as st

from realtime.frames import Frame
from realtime.mailbox import Letter, Mailbox


def price(key, seq, text="x"):
    return Letter(Frame(f"{text}{key}{seq}"), "prices", key, seq)


def notice(seq):
    return Letter(Frame(f"n{seq}"), "notifications", f"notif_{seq}", seq)


def texts(mailbox, size=1 << 20):
    return [frame.text for frame in mailbox.take(size)]


def test_state_frames_conflate_to_the_newest_in_the_place_of_the_oldest():
    box = Mailbox()
    for letter in (price("ETH", 1), price("BTC", 2), price("ETH", 3)):
        box.put(letter)
    assert texts(box) == ["xETH3", "xBTC2"]


def test_no_key_starves_when_the_reader_takes_one_frame_a_tick():
    box, seen = Mailbox(), set()
    for tick in range(11):
        for key in range(11):
            box.put(Letter(Frame(str(key)), "prices", str(key), tick * 11 + key + 1))
        seen |= set(texts(box, 1))
    assert seen == {str(key) for key in range(11)}


def test_event_frames_all_stay_in_order():
    box = Mailbox()
    for seq in (1, 2, 3):
        box.put(notice(seq))
    assert texts(box) == ["n1", "n2", "n3"]


def test_rows_of_a_snapshot_are_not_replaced_by_later_events():
    box = Mailbox()
    box.put_answer(Frame("ack"))
    box.put_answer(Frame("row"), "prices")
    box.put(price("ETH", 2))
    box.put(price("ETH", 3))
    assert texts(box) == ["ack", "row", "xETH3"]


def test_a_held_channel_waits_for_its_snapshot_and_others_do_not():
    box = Mailbox()
    box.hold("prices")
    box.put(price("ETH", 5))
    box.put(notice(6))
    box.put(price("ETH", 7))
    box.put(price("BTC", 8))
    assert texts(box) == ["n6"]
    box.put_answer(Frame("row"), "prices")
    box.release("prices", after=7)
    assert texts(box) == ["row", "xBTC8"]


def test_dropping_a_channel_forgets_its_frames_alone():
    box = Mailbox()
    box.put(price("ETH", 1))
    box.put(notice(2))
    box.put_answer(Frame("row"), "prices")
    box.hold("pools")
    box.put(Letter(Frame("pool"), "pools", "usdc", 3))
    box.drop("prices")
    box.drop("pools")
    assert texts(box) == ["n2"] and box.bytes == 0 and not box.is_holding


def test_the_bound_counts_what_waits_in_held_channels_too():
    box = Mailbox(limit_bytes=10)
    box.hold("notifications")
    box.put(Letter(Frame("12345678"), "notifications", "a", 1))
    assert not box.is_over
    box.put(Letter(Frame("12345678"), "notifications", "b", 2))
    assert box.is_over


def test_conflation_keeps_a_slow_reader_of_state_inside_the_bound():
    box = Mailbox(limit_bytes=2_000)
    for seq in range(10_000):
        box.put(price(str(seq % 11), seq, "y" * 100))
    assert not box.is_over and len(box) == 11


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"), st.sampled_from(["prices", "notifications"]), st.sampled_from("ab")
        ),
        st.tuples(st.just("hold"), st.sampled_from(["prices", "notifications"]), st.none()),
        st.tuples(
            st.just("release"), st.sampled_from(["prices", "notifications"]), st.integers(0, 60)
        ),
        st.tuples(st.just("drop"), st.sampled_from(["prices", "notifications"]), st.none()),
        st.tuples(st.just("take"), st.none(), st.integers(1, 30)),
    ),
    max_size=60,
)


@given(OPERATIONS)
def test_bytes_are_what_waits_and_seq_rises_within_a_key(operations):
    box, last = Mailbox(), {}

    def took(frames):
        for frame in frames:
            channel, key, number = frame.text.split()
            assert int(number) > last.get((channel, key), 0)
            last[channel, key] = int(number)

    for seq, (name, channel, value) in enumerate(operations, start=1):
        if name == "put":
            box.put(Letter(Frame(f"{channel} {value} {seq}"), channel, value, seq))
        elif name == "hold":
            box.hold(channel)
        elif name == "release":
            box.release(channel, value)
        elif name == "drop":
            box.drop(channel)
        else:
            took(box.take(value))
    for channel in ("prices", "notifications"):
        box.release(channel, 0)
    took(box.take(1 << 20))
    assert box.bytes == 0 and len(box) == 0
