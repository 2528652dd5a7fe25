"""The protocol's health score: the worked number, what is missing, buckets, uptime."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dualis.lending import health_score

D = Decimal
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORKED = {  # spec 9
    "badDebtRatio": D("0.0002"),
    "reserveCoverage": D("0.065"),
    "averageHealthFactor": D("1.85"),
    "liquidationEfficiency": D("0.96"),
    "oracleUptime": D("0.998"),
    "concentration": D("0.28"),
}


def test_the_worked_score_of_the_facts_is_88():
    found = health_score.score(WORKED)
    assert (found.value, found.rating, found.weight) == (88, "good", 100)
    points = [part.points for part in found.parts.values()]
    assert points == [D("19.6"), 20, 15, D("14.4"), D("14.97"), D("4.4")]


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        ("badDebtRatio", "0", "20"),
        ("badDebtRatio", "0.01", "0"),
        ("badDebtRatio", "0.5", "0"),
        ("reserveCoverage", "0.01", "4"),
        ("reserveCoverage", "0.05", "20"),
        ("averageHealthFactor", "2.0001", "20"),
        ("averageHealthFactor", "2", "15"),
        ("averageHealthFactor", "1.5", "10"),
        ("averageHealthFactor", "1.2", "5"),
        ("averageHealthFactor", "0", "5"),
        ("liquidationEfficiency", "0", "0"),
        ("oracleUptime", "1", "15"),
        ("concentration", "0", "10"),
        ("concentration", "0.5", "0"),
        ("concentration", "1", "0"),
    ],
)
def test_points_of_one_figure(name, value, points):
    parts = health_score.score({**WORKED, name: D(value)}).parts
    assert parts[name].points == D(points)


def test_a_figure_that_nobody_measured_is_left_out_with_its_weight():
    found = health_score.score({**WORKED, "oracleUptime": None, "liquidationEfficiency": None})
    assert found.weight == 70 and found.parts["oracleUptime"].points is None
    assert found.parts["oracleUptime"].weight == 15
    assert found.value == 84, "59 of 70 points"
    assert found.rating == "good"


def test_nothing_measured_is_no_score():
    found = health_score.score(dict.fromkeys(WORKED))
    assert (found.value, found.rating, found.weight) == (None, None, 0)


@pytest.mark.parametrize(
    ("uptime", "rating"), [("1", "excellent"), ("0.75", "good"), ("0.5", "fair"), ("0.1", "poor")]
)
def test_ratings(uptime, rating):
    figures = {**dict.fromkeys(WORKED), "oracleUptime": D(uptime)}
    assert health_score.score(figures).rating == rating


@pytest.mark.parametrize(
    ("health", "name"),
    [
        (9e9, ">2.0"),
        (2.0, "1.5-2.0"),
        (1.5, "1.2-1.5"),
        (1.2, "1.0-1.2"),
        (1.0001, "1.0-1.2"),
        (1.0, "<=1.0"),
        (0.0, "<=1.0"),
    ],
)
def test_buckets_have_their_upper_bound(health, name):
    assert health_score.BUCKETS[health_score.bucket(health)] == name


def moments(*pairs):
    return [(T0 + timedelta(minutes=minute), D(share)) for minute, share in pairs]


@pytest.mark.parametrize(
    ("pairs", "since", "now", "found"),
    [
        ([(0, "1")], 0, 5, "1"),
        ([(0, "1"), (5, "0.5")], 0, 10, "0.75"),
        ([(0, "1"), (5, "1")], 5, 10, "1"),
        ([(0, "0"), (5, "1")], 2, 10, "0.625"),  # the first counts from `since` on
        ([(0, "1"), (60, "1")], 0, 65, "0.2308"),  # nobody looked for 50 minutes
        ([], 0, 10, "0"),
    ],
)
def test_uptime_is_weighted_by_time(pairs, since, now, found):
    at = [T0 + timedelta(minutes=minute) for minute in (since, now)]
    assert health_score.uptime(moments(*pairs), *at) == D(found)


def test_uptime_of_no_time_is_not_measured():
    assert health_score.uptime(moments((0, "1")), T0, T0) is None


def test_ratio_of_nothing_is_not_measured():
    assert health_score.ratio(D(1), D(0)) is None
    assert health_score.ratio(D(1), D(3)) == D("0.333333")
