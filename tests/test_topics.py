"""Topics: a row reaches a subscription exactly when its filter admits it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.topics import CHANNELS, InvalidParams, select, topics_for, topics_of


def reaches(channel, params, dims, *, subscriber="usr_a", owner=""):
    wanted = topics_for(select(channel, params), subscriber)
    return bool(wanted.intersection(topics_of(channel, owner, dims)))


@pytest.mark.parametrize(
    ("params", "asset", "expected"),
    [
        ({}, "ETH", True),
        ({"assets": []}, "ETH", True),
        ({"assets": None}, "ETH", True),
        ({"assets": ["ETH", "BTC"]}, "ETH", True),
        ({"assets": ["ETH", "BTC"]}, "USDC", False),
        ({"assets": ["ETH", "ETH"]}, "ETH", True),
    ],
)
def test_prices_are_filtered_by_asset(params, asset, expected):
    assert reaches("prices", params, (asset,)) is expected


def test_a_private_row_reaches_its_owner_alone():
    assert reaches("positions", {}, ("brw_1",), owner="usr_a")
    assert not reaches("positions", {}, ("brw_1",), owner="usr_b")
    assert not reaches("positions", {"positions": ["brw_1"]}, ("brw_1",), owner="usr_b")


def test_minimum_severity_admits_itself_and_everything_above():
    for severity, expected in (("info", False), ("warning", True), ("critical", True)):
        params = {"minSeverity": "warning"}
        assert reaches("notifications", params, ("auth", severity), owner="usr_a") is expected


def test_a_row_without_dimensions_reaches_every_subscriber_of_its_owner():
    params = {"categories": ["financial"], "minSeverity": "critical"}
    assert reaches("notifications", params, (), owner="usr_a")
    assert not reaches("notifications", params, (), owner="usr_b")


VALUES = {
    "liquidations": (
        st.sampled_from(["usdc-main", "eth-main"]),
        st.sampled_from(["SoftLiquidation", "FullLiquidation"]),
        st.sampled_from(["trigger", "settlement"]),
    ),
    "notifications": (
        st.sampled_from(["financial", "auth"]),
        st.sampled_from(["info", "warning", "critical"]),
    ),
}


@given(st.data(), st.sampled_from(sorted(VALUES)))
def test_topics_say_the_same_as_the_predicate_they_stand_for(data, channel):
    filters = CHANNELS[channel].filters
    params = {}
    for f, values in zip(filters, VALUES[channel], strict=True):
        if data.draw(st.booleans()):
            params[f.param] = (
                data.draw(values) if f.is_minimum else data.draw(st.lists(values, max_size=2))
            )
    dims = tuple(data.draw(values) for values in VALUES[channel])
    owner = "usr_a" if CHANNELS[channel].is_private else ""

    def admits(f, dim):
        wanted = params.get(f.param)
        if not wanted:
            return True
        if f.is_minimum:
            return f.choices.index(dim) >= f.choices.index(wanted)
        return dim in wanted

    expected = all(admits(f, dim) for f, dim in zip(filters, dims, strict=True))
    assert reaches(channel, params, dims, owner=owner) is expected


def test_unknown_params_are_named():
    with pytest.raises(InvalidParams, match="takes assets; unknown: asset"):
        select("prices", {"asset": ["ETH"]})
