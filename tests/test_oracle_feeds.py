"""Moving an asset between the market's price and staff's entries, without a jump."""

from decimal import Decimal

import pytest

from dualis import errors
from dualis.oracle import feeds
from dualis.oracle.assets import seed_assets
from dualis.oracle.market import Oracle
from dualis.oracle.models import Asset, FeedKind, ManualPrice, Quote
from tests.oracle_world import T0, at

pytestmark = pytest.mark.django_db
MARKET, MANUAL = FeedKind.MARKET, FeedKind.MANUAL


@pytest.fixture
def oracle():
    seed_assets()
    made = Oracle()
    made.tick(T0)
    return made


def quote():
    return Quote.objects.get(asset_id="CC")


def test_staffs_entries_begin_at_the_last_price_and_the_engine_follows(oracle):
    last = quote().price
    feeds.change("CC", MANUAL, actor="DIP-1", now=at(1))
    oracle.tick(at(2))
    assert (quote().price, quote().sources, quote().is_stale) == (last, ["manual"], False)
    assert ManualPrice.objects.get().actor_id == "DIP-1"
    feeds.change("CC", MARKET, actor="DIP-2", now=at(3))
    oracle.tick(at(4))
    assert (quote().sources, quote().is_stale) == (["simulated"], False)
    assert abs(quote().price - last) < last * feeds.NEAR


def test_a_market_price_that_is_far_is_refused(oracle):
    feeds.change("CC", MANUAL, actor="DIP-1", now=at(1))
    row = quote()
    row.price = Decimal("0.1720")
    row.save()
    with pytest.raises(errors.ValidationError, match="within 2 %"):
        feeds.check("CC", MARKET, at(2))
    row.price = Decimal("0.1750")
    row.save()
    feeds.check("CC", MARKET, at(2))


def test_the_sources_of_a_replay_stay(oracle, settings):
    settings.PRICE_SOURCE = "replay:prices.csv"
    with pytest.raises(errors.ValidationError, match="stay as they are"):
        feeds.check("CC", MANUAL, at(1))


def test_the_same_feed_a_stale_price_and_nothing_are_refused(oracle):
    with pytest.raises(errors.ValidationError, match="has this source already"):
        feeds.change("CC", MARKET, actor="DIP-1", now=at(1))
    with pytest.raises(errors.ValidationError, match="no live price"):
        feeds.check("T-BILL", MARKET, at(1))
    with pytest.raises(errors.NotFound):
        feeds.change("DOGE", MANUAL, actor="DIP-1", now=at(1))
    oracle.tick(at(400))
    row = quote()
    row.is_stale = True
    row.save()
    with pytest.raises(errors.ValidationError, match="no live price"):
        feeds.change("CC", MANUAL, actor="DIP-1", now=at(401))
    assert Asset.objects.get(symbol="CC").feed_kind == MARKET
