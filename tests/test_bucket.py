"""The token bucket."""

from realtime.bucket import TokenBucket


def test_burst_then_rate():
    bucket = TokenBucket.full(5, 20, 0.0)
    assert [bucket.take(0.0) for _ in range(21)] == [True] * 20 + [False]
    assert not bucket.take(0.19) and bucket.take(0.2)


def test_a_clock_that_goes_back_gives_nothing():
    bucket = TokenBucket.full(5, 1, 100.0)
    assert bucket.take(100.0)
    assert not bucket.take(50.0) and not bucket.take(100.0)


def test_resizing_keeps_what_was_used():
    bucket = TokenBucket.full(5, 20, 0.0)
    for _ in range(15):
        bucket.take(0.0)
    bucket.resize(50, 100)
    assert bucket.level == 85
