"""Wallets: locking, the floor of zero, staff bookings and the faucet."""

from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from dualis import errors
from dualis.accounts import ledger, wallets
from dualis.accounts.ledger import Leg
from dualis.accounts.models import AuditEntry
from dualis.accounts.money import Entry, Movement, Wallet
from tests.people import NOW, later, make_staff, make_user
from tests.threads import raised, together

D = Decimal


def book(service, user, amount, *, staff, asset="USDC", places=6):
    return service(
        user.id,
        asset,
        D(amount),
        places=places,
        actor=staff,
        address="192.0.2.9",
        now=NOW,
        memo="wire 7",
    )


def held(user):
    return {wallet.asset: wallet.amount for wallet in wallets.balances(user.id)}


@pytest.mark.django_db
def test_locking_makes_what_is_missing_and_keeps_what_is_there():
    ada, bob = make_user(), make_user("bob@example.com")
    Wallet.objects.create(user=ada, asset="ETH", amount=D(3))
    wanted = [(bob.id, "USDC"), (ada.id, "ETH"), (bob.id, "USDC"), (ada.id, "BTC")]
    locked = wallets.lock(wanted)
    assert list(locked) == sorted(set(wanted))
    assert locked[ada.id, "ETH"].amount == 3
    assert locked[bob.id, "USDC"].amount == 0
    assert Wallet.objects.count() == 3
    assert wallets.lock([]) == {}


@pytest.mark.django_db(transaction=True)
def test_locking_outside_a_transaction_is_a_bug():
    with pytest.raises(AssertionError):
        wallets.lock([("usr_1", "ETH")])


def test_a_wallet_goes_to_zero_and_not_below():
    wallet = Wallet(user_id="usr_1", asset="ETH", amount=D("1.5"))
    with pytest.raises(errors.InsufficientBalance) as refusal:
        wallets.move(wallet, D("-1.500000000000000001"))
    assert refusal.value.details == {
        "asset": "ETH",
        "available": "1.5",
        "required": "1.500000000000000001",
    }
    assert (refusal.value.code, refusal.value.status) == ("INSUFFICIENT_BALANCE", 422)
    assert wallet.amount == D("1.5")
    assert wallets.move(wallet, D("-1.5")) == Leg("wallet:usr_1", "ETH", D("-1.5"), "usr_1")
    assert wallet.amount == 0


@pytest.mark.django_db
def test_saving_writes_what_was_moved_and_nothing_else():
    user = make_user()
    with transaction.atomic():
        moved, other = wallets.lock([(user.id, "ETH"), (user.id, "USDC")]).values()
        wallets.move(moved, D(2))
        with CaptureQueriesContext(connection) as queries:
            wallets.save(moved, other)
            wallets.save(moved, other)
    assert len(queries) == 1
    assert held(user) == {"ETH": D(2), "USDC": D(0)}


@pytest.mark.django_db
def test_deposit_and_withdrawal_are_booked_and_audited():
    user, staff = make_user(), make_staff()
    book(wallets.deposit, user, "100.25", staff=staff)
    out = book(wallets.withdraw, user, "40", staff=staff)
    assert held(user) == {"USDC": D("60.25")}
    assert ledger.balance(f"wallet:{user.id}", "USDC") == D("60.25")
    assert ledger.balance("outside", "USDC") == D("-60.25")
    assert [(m.kind, m.user, m.memo) for m in Movement.objects.order_by("kind")] == [
        ("deposit", staff, "wire 7"),
        ("withdrawal", staff, "wire 7"),
    ]
    audit = AuditEntry.objects.order_by("id").last()
    assert (audit.actor, audit.action, audit.target) == (staff, "withdrawal", user.id)
    assert audit.address == "192.0.2.9"
    assert audit.details == {
        "movement": out.id,
        "asset": "USDC",
        "amount": "40",
        "memo": "wire 7",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("amount", ["0", "-1", "0.0000001", "NaN", "Infinity", "1e18"])
@pytest.mark.parametrize("service", [wallets.deposit, wallets.withdraw])
def test_what_is_no_amount_of_the_asset_is_refused(service, amount):
    user, staff = make_user(), make_staff()
    with pytest.raises(errors.ValidationError) as refusal:
        book(service, user, amount, staff=staff)
    assert set(refusal.value.details["fields"]) == {"amount"}
    assert not Movement.objects.exists() and not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_a_refused_withdrawal_changes_nothing():
    user, staff = make_user(), make_staff()
    book(wallets.deposit, user, "1", staff=staff)
    with pytest.raises(errors.InsufficientBalance):
        book(wallets.withdraw, user, "1.000001", staff=staff)
    assert held(user) == {"USDC": D(1)}
    assert Movement.objects.count() == AuditEntry.objects.count() == 1


@pytest.mark.django_db
def test_staff_book_nothing_for_themselves_or_for_nobody():
    staff = make_staff()
    with pytest.raises(errors.Forbidden):
        book(wallets.deposit, staff, "1", staff=staff)
    ghost = make_user()
    ghost.id = "usr_ghost"
    with pytest.raises(errors.NotFound):
        book(wallets.deposit, ghost, "1", staff=staff)
    assert not Wallet.objects.exists()


@pytest.mark.django_db
def test_faucet_gives_the_demo_wallet_once_a_day():
    user = make_user()
    wallets.faucet(user.id, NOW)
    demo = {"CC": D(10_000), "USDC": D(100_000), "ETH": D(50), "wBTC": D(2)}
    assert held(user) == demo
    with pytest.raises(errors.FaucetUsed) as refusal:
        wallets.faucet(user.id, later(hours=23, minutes=59, seconds=58.5))
    assert (refusal.value.status, refusal.value.details) == (429, {"retryAfter": 2})
    assert held(user) == demo
    wallets.faucet(make_user("bob@example.com").id, NOW)
    wallets.faucet(user.id, later(hours=24))
    assert held(user) == {asset: 2 * amount for asset, amount in demo.items()}
    assert ledger.balance("outside", "wBTC") == -6


@pytest.mark.django_db
def test_faucet_is_closed_in_production(settings):
    settings.IS_PRODUCTION = True
    with pytest.raises(errors.Forbidden):
        wallets.faucet(make_user().id, NOW)
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_faucet_gives_once_to_requests_at_the_same_time():
    user = make_user()
    results = together(*[lambda: wallets.faucet(user.id, NOW)] * 4)
    assert [type(error) for error in raised(results)] == [errors.FaucetUsed] * 3
    assert held(user)["wBTC"] == 2


@pytest.mark.django_db(transaction=True)
def test_withdrawals_at_the_same_time_never_overdraw():
    user, staff = make_user(), make_staff()
    book(wallets.deposit, user, "10", staff=staff)
    results = together(*[lambda: book(wallets.withdraw, user, "3", staff=staff)] * 6)
    assert [type(error) for error in raised(results)] == [errors.InsufficientBalance] * 3
    assert held(user) == {"USDC": D(1)}
    assert ledger.balance(f"wallet:{user.id}", "USDC") == 1


@pytest.mark.django_db(transaction=True)
def test_locks_in_any_order_of_asking_neither_deadlock_nor_lose_a_change():
    ada, bob = make_user(), make_user("bob@example.com")
    pairs = [(owner.id, asset) for owner in (ada, bob) for asset in ("BTC", "ETH", "USDC")]

    def add(order):
        for _ in range(10):
            with transaction.atomic():
                locked = wallets.lock(order)
                legs = [wallets.move(wallet, D(1)) for wallet in locked.values()]
                wallets.save(*locked.values())
                outside = [Leg("outside", leg.asset, -leg.amount) for leg in legs]
                ledger.post("gift", legs + outside, now=NOW)

    orders = [pairs, pairs[::-1], pairs[1::2], pairs[::-2]]
    results = together(*[lambda order=order: add(order) for order in orders])
    assert not raised(results)
    for owner, asset in pairs:
        expected = 10 * sum((owner, asset) in order for order in orders)
        assert Wallet.objects.get(user_id=owner, asset=asset).amount == expected
        assert ledger.balance(f"wallet:{owner}", asset) == expected


@pytest.mark.django_db(transaction=True)
def test_a_lock_keeps_a_second_change_waiting():
    if connection.vendor == "sqlite":
        pytest.skip("on SQLite the transaction itself is the lock")
    user = make_user()
    with transaction.atomic():
        wallets.lock([(user.id, "ETH")])
    taken = {}

    def try_lock():
        with transaction.atomic():
            rows = Wallet.objects.select_for_update(no_key=True, skip_locked=True)
            taken["rows"] = list(rows.filter(user=user))

    with transaction.atomic():
        wallets.lock([(user.id, "ETH")])
        assert not raised(together(try_lock))
    assert taken["rows"] == []
