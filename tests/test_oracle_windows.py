"""Windows against a naive reading of their definition, and the worked number of section 3."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.oracle.windows import DAY, HOUR, DayRecord, Extremes, Series

T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOLD = timedelta(seconds=300)
MINUTE = timedelta(minutes=1)


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def series(*samples, hold=HOLD):
    made = Series(hold)
    for moment, price in samples:
        made.add(at(moment), Decimal(price))
    return made


def test_twap_is_the_worked_number_of_the_specification():
    made = series((0, "100"), (60, "101"), (120, "99"))
    assert made.twap(at(180), timedelta(minutes=5)) == Decimal("100.0")


def test_twap_of_one_sample_is_its_price_at_once_and_later():
    made = series((0, "12.34567891"))
    assert made.twap(at(0), HOUR) == Decimal("12.34567891")
    assert made.twap(at(200), HOUR) == Decimal("12.34567891")


def test_twap_counts_the_sample_in_force_where_the_window_starts():
    made = series((0, "100"), (100, "200"))
    assert made.twap(at(130), MINUTE) == Decimal("150")


def test_twap_gives_no_weight_to_a_price_older_than_the_staleness_limit():
    made = series((0, "100"), (86_400, "200"))
    assert made.twap(at(86_400), HOUR) == Decimal("200")
    assert series((0, "100"), (600, "200")).twap(at(700), HOUR) == Decimal("125")


def test_twap_is_none_when_nothing_was_in_force():
    assert series((0, "100")).twap(at(601), timedelta(minutes=5)) is None
    assert Series(HOLD).twap(at(0), HOUR) is None


def test_twap_since_a_release_forgets_what_was_before():
    made = series((0, "100"), (100, "200"))
    assert made.twap(at(200), HOUR, since=at(100)) == Decimal("200")


def test_add_refuses_a_sample_that_is_not_later():
    made = series((5, "1"))
    with pytest.raises(ValueError, match="does not come after"):
        made.add(at(5), Decimal(2))


def test_series_stays_bounded_and_right_over_a_day_of_ticks():
    made = Series(HOLD)
    for second in range(20_000):
        made.add(at(second), Decimal(second + 1))
    assert len(made) < 5000
    assert made.twap(at(19_999), HOUR) == Decimal("18199.5")  # the mean of 16,400 to 19,999


steps = st.lists(
    st.tuples(st.integers(1, 400_000_000), st.integers(1, 10**13)), min_size=1, max_size=40
)


def samples_of(drawn):
    moment, found = 0, []
    for step, units in drawn:
        moment += step
        found.append((moment, Decimal(units).scaleb(-8)))
    return found


def micros(moment):
    return T0 + timedelta(microseconds=moment)


def in_force(samples, hold):
    """Yield (from, until, price) of each sample."""
    for index, (moment, price) in enumerate(samples):
        following = samples[index + 1][0] if index + 1 < len(samples) else moment + hold
        yield moment, min(following, moment + hold), price


@given(steps, st.integers(0, 400_000_000), st.sampled_from([60, 300, 900, 3600]))
def test_twap_equals_the_naive_average_for_any_samples(drawn, later, window):
    samples, hold = samples_of(drawn), HOLD // timedelta(microseconds=1)
    now = samples[-1][0] + later
    start = now - window * 1_000_000
    made = Series(HOLD)
    for moment, price in samples:
        made.add(micros(moment), price)
    weight, area = 0, Fraction(0)
    for begin, end, price in in_force(samples, hold):
        held = max(0, min(end, now) - max(begin, start))
        weight, area = weight + held, area + Fraction(price) * held
    found = made.twap(micros(now), timedelta(seconds=window))
    if weight:
        with localcontext(prec=60):
            mean = area / weight
            exact = Decimal(mean.numerator) / Decimal(mean.denominator)
            assert found == exact.quantize(Decimal("1e-8"), rounding=ROUND_HALF_EVEN)
    else:
        assert found == (samples[-1][1] if later == 0 else None)


@given(steps, st.integers(0, 400_000_000))
def test_extremes_equal_the_naive_ones_after_every_sample(drawn, later):
    samples, hold, window = samples_of(drawn), 300_000_000, 60_000_000
    made = Extremes(MINUTE, HOLD)
    for index, (moment, price) in enumerate(samples):
        made.add(micros(moment), price)
        is_last = index + 1 == len(samples)
        now = moment + later if is_last else moment
        seen = [
            held for _, until, held in in_force(samples[: index + 1], hold) if until > now - window
        ]
        expected = (min(seen), max(seen)) if seen else None
        assert made.range(micros(now)) == expected


def test_extremes_forget_everything_when_cleared():
    made = Extremes(MINUTE, HOLD)
    made.add(at(0), Decimal(1))
    made.clear()
    assert made.range(at(1)) is None
    made.add(at(1), Decimal(5))
    assert made.range(at(2)) == (5, 5)


def test_day_before_is_the_price_in_force_24_hours_ago():
    made = DayRecord(HOUR)
    for minute in range(0, 24 * 60 + 10):
        made.add(at(minute * 60), Decimal(minute + 1))
    now = at(0) + DAY + timedelta(minutes=5, seconds=30)
    assert made.day_before(now) == Decimal(6)


def test_day_before_is_unknown_without_a_record_or_after_a_gap():
    made = DayRecord(HOUR)
    assert made.day_before(at(0) + DAY) is None
    made.add(at(0), Decimal(1))
    assert made.day_before(at(-1) + DAY) is None
    assert made.day_before(at(3600) + DAY) == Decimal(1)
    assert made.day_before(at(3601) + DAY) is None


def test_day_record_keeps_the_last_sample_of_a_minute():
    made = DayRecord(HOUR)
    made.add(at(1), Decimal(1))
    made.add(at(59), Decimal(2))
    assert made.day_before(at(30) + DAY) is None
    assert made.day_before(at(59) + DAY) == Decimal(2)
