"""The breaker's rules one by one, the known exploits, and what must hold for any prices."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.oracle.aggregate import MAX_AGE, Aggregate, median
from dualis.oracle.breaker import Decision, Reason, References, Run, Sources, State, step
from dualis.oracle.track import Track

T0 = datetime(2026, 3, 1, tzinfo=UTC)
PUBLISHED = (Decision.ACCEPT, Decision.RELEASE)


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def sources(*prices, configured=None):
    numbers = tuple(sorted(Decimal(price) for price in prices))
    return Sources(configured or len(numbers), numbers)


def feed(track, seconds, *prices, is_reset=False):
    """Let the sources say these prices at a second; return the decision."""
    found = None
    if prices:
        numbers = tuple(sorted(Decimal(price) for price in prices))
        found = Aggregate(
            price=median(numbers),
            confidence=Decimal(1),
            spread=Decimal(0),
            prices=numbers,
            sources=tuple(str(i) for i in range(len(numbers))),
            at=at(seconds),
            is_simulated=False,
        )
    return track.observe(found, at(seconds), is_reset=is_reset)[0]


def track(configured=1):
    return Track("test", configured, MAX_AGE)


@pytest.mark.parametrize(
    ("candidate", "references", "reason"),
    [
        ("110", References(Decimal(100), Decimal(105)), None),
        ("110.00000001", References(Decimal(100), Decimal(105)), Reason.JUMP),
        ("90", References(Decimal(95), Decimal(100)), None),
        ("89.99999999", References(Decimal(95), Decimal(100)), Reason.JUMP),
        ("120", References(twap=Decimal(100)), None),
        ("120.00000001", References(twap=Decimal(100)), Reason.DRIFT),
        ("79.99999999", References(twap=Decimal(100)), Reason.DRIFT),
        ("500", References(), None),
    ],
)
def test_step_trips_beyond_the_limits_and_not_at_them(candidate, references, reason):
    state, decision = step(
        State(price=Decimal(100)), Decimal(candidate), sources(candidate), references, T0
    )
    assert state.reason is reason
    assert decision is (Decision.TRIP if reason else Decision.ACCEPT)
    assert state.price == (Decimal(100) if reason else Decimal(candidate))


@pytest.mark.parametrize(
    ("prices", "reason"),
    [
        (["100", "102"], None),
        (["100", "102.01"], Reason.SPREAD),
        (["100", "101", "150"], None),  # three sources outvote a wrong one
        (["100"], None),
    ],
)
def test_step_freezes_when_fewer_than_three_sources_disagree(prices, reason):
    state, _ = step(State(), Decimal(100), sources(*prices), References(), T0)
    assert state.reason is reason


def test_step_trips_without_a_source_but_only_what_was_priced():
    state, decision = step(State(), None, sources(configured=1), References(), T0)
    assert (state, decision) == (State(), Decision.HOLD)
    state, decision = step(State(Decimal(1)), None, sources(configured=1), References(), T0)
    assert (state.reason, decision) == (Reason.NO_SOURCE, Decision.TRIP)


@pytest.mark.parametrize(
    ("prices", "candidate", "decision"),
    [
        (["130", "132"], "131", Decision.RELEASE),
        (["130", "133"], "131.5", Decision.HOLD),
        (["90", "130", "132"], "130", Decision.RELEASE),
        (["50", "51", "130", "140"], "90.5", Decision.HOLD),  # the candidate is with neither
    ],
)
def test_tripped_breaker_releases_when_two_sources_agree(prices, candidate, decision):
    tripped = State(Decimal(100), Reason.JUMP, T0, run=Run(T0, Decimal(131), Decimal(131)))
    state, found = step(tripped, Decimal(candidate), sources(*prices), References(), at(1))
    assert found is decision
    assert state.price == (Decimal(candidate) if decision is Decision.RELEASE else 100)


def test_tripped_breaker_does_not_release_on_one_of_two_sources():
    made = track(configured=2)
    feed(made, 0, "100", "100")
    feed(made, 1, "150")
    decisions = {feed(made, second, "150") for second in range(2, 200)}
    assert decisions == {Decision.HOLD}


def test_single_source_releases_after_60_seconds_on_the_new_level():
    made = track()
    feed(made, 0, "100")
    assert feed(made, 1, "150") is Decision.TRIP
    assert {feed(made, second, "151") for second in range(2, 61)} == {Decision.HOLD}
    assert made.state.price == 100
    assert feed(made, 61, "152") is Decision.RELEASE
    assert made.state.price == 152
    assert feed(made, 62, "153") is Decision.ACCEPT


def test_single_source_does_not_release_while_it_moves():
    made = track()
    feed(made, 0, "100")
    price, decisions = Decimal(150), set()
    for second in range(1, 200):
        decisions.add(feed(made, second, price))
        price = Decimal(150) if price > 150 else Decimal(170)
    assert decisions == {Decision.TRIP, Decision.HOLD}


def test_staff_reset_takes_the_candidate_as_the_new_base():
    made = track()
    feed(made, 0, "100")
    feed(made, 1, "150")
    assert feed(made, 2, "150", is_reset=True) is Decision.RELEASE
    assert feed(made, 3, "160") is Decision.ACCEPT
    assert feed(made, 4, "177") is Decision.TRIP  # compared with 150 now, not with 100


def test_staff_reset_without_a_candidate_does_nothing():
    made = track()
    feed(made, 0, "100")
    feed(made, 1)
    assert feed(made, 2, is_reset=True) is Decision.HOLD


def test_slide_of_nine_point_nine_percent_a_tick_trips():
    made, price, decisions = track(), Decimal(100), []
    for second in range(10):
        decisions.append(feed(made, second, price))
        price *= Decimal("0.901")
    assert decisions[:3] == [Decision.ACCEPT, Decision.ACCEPT, Decision.TRIP]
    assert made.state.price == Decimal("90.1")


def test_slow_slide_trips_on_the_five_minute_average():
    made, price = track(), Decimal(100)
    for second in range(600):
        if feed(made, second, price) is Decision.TRIP:
            break
        price *= Decimal("0.9985")  # 8.6 % a minute: under the limit of the minute
    assert made.state.reason is Reason.DRIFT


def test_flash_spike_and_back_keeps_the_last_price_and_recovers():
    made = track()
    for second in range(60):
        feed(made, second, "100")
    assert feed(made, 60, "300") is Decision.TRIP
    held = [feed(made, second, "100") for second in range(61, 121)]
    assert set(held) == {Decision.HOLD}
    assert made.state.price == 100
    assert feed(made, 121, "100") is Decision.RELEASE
    assert made.state.reason is None


def test_jump_after_a_short_outage_trips():
    made = track()
    feed(made, 0, "100")
    assert feed(made, 200, "115") is Decision.TRIP


def test_jump_after_a_long_outage_waits_for_a_stable_minute():
    made = track()
    feed(made, 0, "100")
    assert feed(made, 301) is Decision.TRIP
    assert feed(made, 900, "150") is Decision.HOLD
    assert feed(made, 960, "150") is Decision.RELEASE


def test_history_played_a_day_a_tick_compares_nothing():
    made = track()
    feed(made, 0, "100")
    assert feed(made, 86_400, "150") is Decision.ACCEPT


moves = st.lists(
    st.tuples(st.integers(1, 40), st.decimals("0.7", "1.4", places=3)), min_size=1, max_size=80
)


@given(moves)
def test_breaker_never_publishes_a_jump_that_was_not_released(drawn):
    made, second, price = track(), 0, Decimal(100)
    published: list[tuple[int, Decimal]] = []  # since the last release
    for wait, factor in drawn:
        second, price = second + wait, round(price * factor, 8)
        decision = feed(made, second, price)
        if decision is Decision.RELEASE:
            published.clear()
        if decision in PUBLISHED:
            for index, (_, earlier) in enumerate(published):
                is_last = index + 1 == len(published)
                until = second if is_last else published[index + 1][0]
                if until > second - 60:
                    assert earlier * Decimal("0.9") <= price <= earlier * Decimal("1.1")
            published.append((second, price))
            assert made.state.price == price


@given(moves)
def test_breaker_always_recovers_after_a_calm_minute(drawn):
    made, second, price = track(), 0, Decimal(100)
    for wait, factor in drawn:
        second, price = second + wait, round(price * factor, 8)
        feed(made, second, price)
    feed(made, second + 1, price)
    assert feed(made, second + 62, price) in PUBLISHED
