"""The fold of the margin ledger: what each transaction does, and the sums that always hold."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.exact import plain_trimmed
from dualis.trading.orderbook import Side
from dualis.trading.positions import Position, fill
from dualis.trading.state import (
    AGENT,
    DEPOSIT,
    FEES,
    FUNDING,
    INTEREST,
    LEVERAGE,
    ORDER_CANCELED,
    ORDER_FILLED,
    ORDER_MODIFIED,
    ORDER_PLACED,
    SETTLEMENT,
    TRANSFER,
    TREASURY,
    VENUE,
    WITHDRAWAL,
    BrokenChain,
    State,
    Transaction,
    apply,
    touched,
)


def told(*transactions):
    state = State()
    for transaction in transactions:
        apply(state, transaction)
    return state


def deposit(user, amount, asset="USDC"):
    return Transaction(DEPOSIT, user, {"asset": asset, "amount": amount})


def placed(user, oid, side, size, coin="ETH"):
    data = {"coin": coin, "side": side, "size": size, "price": "100"}
    return Transaction(ORDER_PLACED, user, data, oid)


def filled(state, user, oid, side, size, price, fee="0", **more):
    """Return the fill that fits the state."""
    position = state.account(user).positions.get("ETH", Position())
    pnl = fill(position, Side(side), D(size), D(price)).closed_pnl
    data = {
        "coin": "ETH",
        "side": side,
        "size": size,
        "price": price,
        "fee": fee,
        "closedPnl": plain_trimmed(pnl),
        **more,
    }
    return Transaction(ORDER_FILLED, user, data, oid)


def test_a_withdrawal_is_held_back_until_it_is_paid_or_fails():
    def withdrawal(status):
        return Transaction(WITHDRAWAL, "a", {"asset": "ETH", "amount": "2", "status": status})

    state = told(deposit("a", "5", "ETH"), withdrawal("pending"))
    assert (state.account("a").balance("ETH"), state.account("a").held("ETH")) == (5, 2)
    apply(state, withdrawal("complete"))
    assert (state.account("a").balance("ETH"), state.account("a").held("ETH")) == (3, 0)
    apply(state, withdrawal("pending"))
    apply(state, withdrawal("failed"))
    assert (state.account("a").balance("ETH"), state.account("a").held("ETH")) == (3, 0)
    with pytest.raises(BrokenChain):
        apply(state, withdrawal("complete"))


def test_a_fill_moves_position_money_fee_and_the_mirror():
    state = told(deposit("a", "1000"), placed("a", "o1", "B", "3"))
    apply(state, filled(state, "a", "o1", "B", "2", "100", fee="0.1"))
    account, venue = state.account("a"), state.account(VENUE)
    assert account.positions["ETH"] == Position(D(2), D(200)) and account.usdc == D("999.9")
    assert venue.positions["ETH"] == Position(D(-2), D(-200)) and state.account(FEES).usdc == D(
        "0.1"
    )
    assert state.orders["o1"].size == 1


def test_a_filled_order_is_no_longer_open():
    state = told(placed("a", "o1", "B", "3"))
    apply(state, filled(state, "a", "o1", "B", "3", "100"))
    assert not state.orders


@pytest.mark.parametrize(
    "bad",
    [
        Transaction("Nonsense", "a", {}),
        deposit("a", "0"),
        deposit("a", "-1"),
        placed("a", "o1", "B", "1"),  # placed before
        Transaction(ORDER_CANCELED, "a", {}, "o9"),
        Transaction(ORDER_CANCELED, "b", {}, "o1"),
        Transaction(ORDER_MODIFIED, "a", {"size": "0"}, "o1"),
    ],
)
def test_what_does_not_fit_is_a_broken_chain(bad):
    state = told(placed("a", "o1", "B", "3"))
    with pytest.raises(BrokenChain):
        apply(state, bad)


@pytest.mark.parametrize(("side", "size"), [("B", "4"), ("A", "1")])
def test_a_fill_that_does_not_fit_its_order_is_a_broken_chain(side, size):
    state = told(placed("a", "o1", "B", "3"))
    with pytest.raises(BrokenChain):
        apply(state, filled(state, "a", "o1", side, size, "100"))


def test_a_fill_with_another_profit_than_it_has_is_a_broken_chain():
    state = told(placed("a", "o1", "B", "3"))
    made = filled(state, "a", "o1", "B", "3", "100")
    with pytest.raises(BrokenChain):
        apply(state, Transaction(made.type, "a", {**made.data, "closedPnl": "1"}, "o1"))


def test_a_forced_closure_needs_no_order():
    state = told(placed("a", "o1", "B", "3"))
    apply(state, filled(state, "a", "o1", "B", "3", "100"))
    apply(state, filled(state, "a", "", "A", "3", "90", forced="backstop"))
    assert not state.account("a").positions and state.account("a").usdc == -30


def test_funding_interest_and_settlements_move_money_between_accounts():
    state = told(
        deposit("a", "100"),
        deposit(TREASURY, "1000"),
        Transaction(FUNDING, "a", {"coin": "ETH", "payment": "-3"}),
        Transaction(INTEREST, "a", {"amount": "2"}),
        Transaction(SETTLEMENT, "a", {"from": TREASURY, "amount": "50"}),
        Transaction(TRANSFER, "a", {"asset": "USDC", "amount": "-5"}),
    )
    assert state.account("a").usdc == 140 and state.account(VENUE).usdc == 3
    assert state.account(TREASURY).usdc == 952 and state.account("a").interest_paid == 2
    assert state.account("a").funding["ETH"].since_open == -3


def test_leverage_and_agents_are_settings():
    state = told(
        Transaction(LEVERAGE, "a", {"coin": "ETH", "leverage": 7}),
        Transaction(AGENT, "a", {"agent": "0x1", "name": "bot", "isApproved": True}),
        Transaction(AGENT, "a", {"agent": "0x2", "name": "", "isApproved": True}),
        Transaction(AGENT, "a", {"agent": "0x1", "name": "", "isApproved": False}),
    )
    assert state.account("a").leverage == {"ETH": 7} and state.account("a").agents == {"0x2": ""}


def test_touched_names_every_account_that_changes():
    state = State()
    made = [
        deposit("a", "10"),
        placed("a", "o1", "B", "1"),
        filled(state, "a", "o1", "B", "1", "100"),
        Transaction(FUNDING, "a", {"coin": "ETH", "payment": "1"}),
        Transaction(INTEREST, "a", {"amount": "1"}),
        Transaction(SETTLEMENT, "a", {"from": "b", "amount": "1"}),
    ]
    for transaction in made:
        before = {name: repr(account) for name, account in state.accounts.items()}
        apply(state, transaction)
        changed = {n for n, a in state.accounts.items() if before.get(n) != repr(a)}
        assert changed <= touched(transaction)
        assert transaction.type == ORDER_PLACED or changed >= touched(transaction) - {FEES}


TRADES = st.lists(
    st.tuples(
        st.sampled_from([("a", "b"), ("b", "c"), ("c", "a")]),
        st.integers(1, 10**6).map(lambda n: D(n) / 10**4),
        st.integers(1, 10**6).map(lambda n: D(n) / 100),
        st.integers(0, 100).map(lambda n: D(n) / 10**6),
    ),
    max_size=25,
)


@given(TRADES, st.integers(1, 10**6).map(lambda n: D(n) / 100))
def test_after_any_trades_money_and_sizes_sum_to_what_came_in(trades, mark):
    state = told(*(deposit(user, "1000") for user in "abc"))
    for number, ((buyer, seller), size, price, fee) in enumerate(trades):
        for user, side in ((buyer, "B"), (seller, "A")):
            oid = f"{number}{side}"
            apply(state, placed(user, oid, side, str(size)))
            apply(state, filled(state, user, oid, side, str(size), str(price), fee=str(fee)))
    cash = sum((account.usdc for account in state.accounts.values()), D(0))
    assert cash == 3000 and not state.orders
    held = [account.positions.get("ETH", Position()) for account in state.accounts.values()]
    assert sum((p.size for p in held), D(0)) == 0
    assert state.account(VENUE).positions.get("ETH", Position()).size == 0
    worth = cash + sum((p.size * mark - p.cost for p in held), D(0))
    assert abs(worth - 3000) < D("1e-9"), "what one gains another loses"
