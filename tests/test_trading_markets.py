"""Sizes, prices and the band around the mark."""

from decimal import Decimal as D

import pytest

from dualis.trading.markets import BY_ASSET_ID, COLLATERAL, MARKETS

BTC, ETH, CC = MARKETS["BTC"], MARKETS["ETH"], MARKETS["CC"]


@pytest.mark.parametrize(
    ("market", "size", "is_good"),
    [
        (BTC, "0.00001", True),
        (BTC, "0.000001", False),
        (ETH, "1.2345", True),
        (ETH, "1.23456", False),
        (CC, "10", True),
        (CC, "0.5", False),
        (ETH, "0", False),
        (ETH, "-1", False),
    ],
)
def test_a_size_has_the_markets_decimals(market, size, is_good):
    assert market.is_size(D(size)) is is_good


@pytest.mark.parametrize(
    ("market", "price", "is_good"),
    [
        (BTC, "67710", True),
        (BTC, "67710.5", False),  # six digits
        (BTC, "123456", True),  # whole numbers always
        (ETH, "3245.6", True),
        (ETH, "3245.67", False),
        (ETH, "0.001", False),  # two decimals are left beside four of size
        (CC, "0.1756", True),
        (CC, "0.175612", False),
        (CC, "0", False),
        (CC, "-1", False),
    ],
)
def test_a_price_has_five_digits_and_the_decimals_that_are_left(market, price, is_good):
    assert market.is_price(D(price)) is is_good


def test_the_band_is_five_per_cent_each_way_ruling_33():
    assert ETH.is_in_band(D("2100"), D("2000")) and ETH.is_in_band(D("1900"), D("2000"))
    assert not ETH.is_in_band(D("2100.01"), D("2000"))
    assert not ETH.is_in_band(D("1899.99"), D("2000"))


def test_ticks_keep_the_order_of_prices():
    assert CC.ticks(D("0.1756")) == 175_600 and BTC.ticks(D("67710")) == 677_100


def test_asset_ids_are_eight_hex_digits_and_name_one_market():
    assert set(BY_ASSET_ID.values()) == set(MARKETS.values())
    ids = [*BY_ASSET_ID, *(one.asset_id for one in COLLATERAL.values())]
    assert len(set(ids)) == len(ids) and all(len(i) == 8 and int(i, 16) for i in ids)
