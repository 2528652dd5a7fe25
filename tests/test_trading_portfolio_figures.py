"""What transactions add to an account's totals, and what a sample says of it."""

from datetime import datetime
from decimal import Decimal as D

import pytest

from dualis.trading.portfolio_figures import (
    DAILY,
    HOURLY,
    PERIODS,
    SAMPLE,
    Figures,
    Totals,
    book,
    figures,
    grade_of,
)
from dualis.trading.positions import Position
from dualis.trading.state import Account, Transaction
from dualis.trading.summary import feeds_of

PRICES = {"BTC": D(60_000), "ETH": D(2_000), "USDC": D(1)}


@pytest.mark.parametrize(
    ("type", "data", "totals"),
    [
        ("Deposit", {"asset": "USDC", "amount": "5"}, Totals(flows=D(5))),
        ("Deposit", {"asset": "BTC", "amount": "2"}, Totals(flows=D(120_000))),
        ("Transfer", {"asset": "USDC", "amount": "-5"}, Totals(flows=D(-5))),
        (
            "Withdrawal",
            {"asset": "USDC", "amount": "5", "status": "pending"},
            Totals(flows=D(-5)),
        ),
        ("Withdrawal", {"asset": "USDC", "amount": "5", "status": "failed"}, Totals(flows=D(5))),
        ("Withdrawal", {"asset": "USDC", "amount": "5", "status": "complete"}, None),
        (
            "OrderFilled",
            {"closedPnl": "7", "fee": "1", "price": "2000", "size": "0.5"},
            Totals(realized=D(6), volume=D(1_000)),
        ),
        ("FundingPayment", {"payment": "-3"}, Totals(realized=D(-3))),
        ("InterestPayment", {"amount": "3"}, None),  # the value tells it
        ("OrderPlaced", {}, None),
    ],
)
def test_what_a_transaction_adds_to_the_totals(type, data, totals):
    found = {}
    book(found, Transaction(type, "a", data), PRICES)
    assert found == ({} if totals is None else {"a": totals})


def test_a_settlement_moves_between_two_accounts():
    found = {"b": Totals(flows=D(1))}
    book(found, Transaction("Settlement", "a", {"from": "b", "amount": "4"}), PRICES)
    assert found == {"a": Totals(flows=D(4)), "b": Totals(flows=D(-3))}


def test_profit_is_worth_less_what_came_in_and_that_of_perpetuals_stands_apart():
    account = Account(
        usdc=D(900), assets={"BTC": D("0.1")}, positions={"ETH": Position(D(2), D(3_900))}
    )
    totals = Totals(flows=D(6_000), realized=D(-40), volume=D(3_900))
    assert figures(account, totals, PRICES) == Figures(D(7_000), D(1_000), D(60), D(3_900))
    assert feeds_of(account) == {"BTC", "ETH"}


@pytest.mark.parametrize(
    ("before", "at", "grade"),
    [
        (None, (3, 14, 7), DAILY),
        ((2, 23, 59), (3, 0, 4), DAILY),
        ((3, 13, 59), (3, 14, 4), HOURLY),
        ((3, 14, 0), (3, 14, 5), SAMPLE),
        ((2, 14, 0), (3, 14, 5), DAILY),
    ],
)
def test_the_first_sample_of_an_hour_and_a_day_is_kept_longer(before, at, grade):
    moment = datetime(2026, 1, *at)
    assert grade_of(moment, before and datetime(2026, 1, *before)) == grade


def test_there_are_four_periods_and_the_same_of_perpetuals():
    whole = ["day", "week", "month", "allTime"]
    assert [*PERIODS] == [*whole, "perpDay", "perpWeek", "perpMonth", "perpAllTime"]
