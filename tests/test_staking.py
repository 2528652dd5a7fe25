"""Staking: in, through the cooldown, out; claiming."""

import random
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import transaction

from dualis import errors
from dualis.accounts import ledger
from dualis.accounts.ledger import Filters
from dualis.notifications.models import Notification
from dualis.retry import retried
from governance import sharing, staking
from governance.models import Cooldown, Stake
from tests import liquidation_market as lqm
from tests.lending_market import T0, after
from tests.staking_world import check, holder, power, settled, wallet
from tests.threads import raised, together

D = Decimal


@pytest.fixture
def loan():
    """Return the loan whose liquidations the tests settle."""
    return lqm.opened()[1]


@pytest.fixture
def ada():
    return holder("ada")


def share(now=T0):
    with transaction.atomic():
        return sharing.share(now)


@pytest.mark.django_db
def test_a_stake_leaves_the_wallet_and_weighs_half_more(ada):
    done = staking.stake(ada.id, "400", now=after(hours=1))
    assert (done.stake.staked, done.amounts) == (400, {"DUAL": 400})
    assert wallet(ada, "DUAL") == 600
    assert [power(ada, at) for at in (T0, after(hours=1))] == [1000, 1200]
    staking.stake(ada.id, "max", now=after(hours=2))
    assert power(ada, after(hours=2)) == 1500 and not wallet(ada, "DUAL")
    check()


@pytest.mark.django_db
def test_what_is_unstaked_weighs_nothing_until_it_is_withdrawn(ada):
    staking.stake(ada.id, "400", now=T0)
    staking.unstake(ada.id, "100", now=after(days=1))
    staking.unstake(ada.id, "max", now=after(days=2))
    assert power(ada, after(days=1)) == 600 + 450 and power(ada, after(days=2)) == 600
    with pytest.raises(errors.NothingCooled) as refusal:
        staking.withdraw(ada.id, now=after(days=8) - timedelta(microseconds=1))
    assert refusal.value.details == {"nextAt": "2026-03-09T12:00:00.000Z"}
    assert staking.withdraw(ada.id, now=after(days=8)).amounts == {"DUAL": 100}
    assert wallet(ada, "DUAL") == 700 == power(ada, after(days=8))
    check()
    assert staking.withdraw(ada.id, now=after(days=30)).amounts == {"DUAL": 300}
    assert wallet(ada, "DUAL") == 1000
    with pytest.raises(errors.NothingCooled) as refusal:
        staking.withdraw(ada.id, now=after(days=31))
    assert refusal.value.details == {"nextAt": None}
    check()


@pytest.mark.django_db
def test_what_cannot_be_moved_is_refused_and_changes_nothing(ada):
    staking.stake(ada.id, "400", now=T0)
    bob = holder("bob", "5")
    staking.stake(bob.id, "5", now=T0)
    before = list(Stake.objects.values()), ledger.count(ada.id, Filters())
    for act, text, error in [
        (staking.stake, "600.000000000000000001", errors.InsufficientBalance),
        (staking.stake, "1e-19", errors.ValidationError),
        (staking.stake, "-1", errors.ValidationError),
        (staking.unstake, "400.000000000000000001", errors.InsufficientStake),
        (staking.unstake, "0", errors.ValidationError),
    ]:
        with pytest.raises(error):
            act(ada.id, text, now=T0)
    with pytest.raises(errors.NothingToStake):
        staking.stake(bob.id, "max", now=T0)
    staking.unstake(bob.id, "max", now=T0)
    with pytest.raises(errors.NothingToStake):
        staking.unstake(bob.id, "max", now=T0)
    rows = {row["user_id"]: row for row in before[0]}
    assert Stake.objects.values().get(user=ada) == rows[ada.id]
    assert ledger.count(ada.id, Filters()) == before[1]
    check()


@pytest.mark.django_db
def test_only_so_many_amounts_cool_down_at_once(ada, monkeypatch):
    monkeypatch.setattr(staking, "MOST_COOLDOWNS", 2)
    staking.stake(ada.id, "400", now=T0)
    for _ in range(2):
        staking.unstake(ada.id, "1", now=T0)
    with pytest.raises(errors.TooManyCooldowns):
        staking.unstake(ada.id, "1", now=after(days=7))
    staking.withdraw(ada.id, now=after(days=7))
    staking.unstake(ada.id, "1", now=after(days=7))
    assert Cooldown.objects.filter(withdrawn_at=None).count() == 1


@pytest.mark.django_db
def test_the_statement_shows_every_leg_and_sums_to_what_the_user_has(ada):
    staking.stake(ada.id, "400", now=T0)
    staking.unstake(ada.id, "150", now=T0)
    staking.withdraw(ada.id, now=after(days=7))
    lines = ledger.statement(ada.id, Filters(asset="DUAL"), limit=50)
    shown = [(line.movement.kind, line.account.split(":")[0], line.amount) for line in lines]
    assert shown[::-1] == [
        ("deposit", "wallet", 1000),
        ("stake", "wallet", -400),
        ("stake", "stake", 400),
        ("unstake", "stake", -150),
        ("unstake", "cooling", 150),
        ("withdraw_stake", "cooling", -150),
        ("withdraw_stake", "wallet", 150),
    ]
    assert sum(line.amount for line in lines) == 1000


@pytest.mark.django_db
def test_rewards_go_by_stake_and_time_and_only_while_staked(loan, ada):
    bob = holder("bob")
    staking.stake(ada.id, "400", now=T0)
    settled(loan, {"ETH": "1"})
    share()  # 0.4 ETH, all ada's
    staking.stake(bob.id, "100", now=T0)
    settled(loan, {"ETH": "1", "USDC": "10"})
    share()  # 0.32 and 3.2 to ada, 0.08 and 0.8 to bob
    staking.unstake(ada.id, "max", now=T0)
    settled(loan, {"ETH": "0.5"})
    share()  # 0.2, all bob's
    check()
    done = staking.claim(ada.id, now=T0)
    assert done.amounts == {"ETH": D("0.72"), "USDC": D("3.2")}
    assert (wallet(ada, "ETH"), wallet(ada, "USDC")) == (D("0.72"), D("3.2"))
    assert staking.claim(bob.id, now=T0).amounts == {"ETH": D("0.28"), "USDC": D("0.8")}
    check()
    for user in (ada, bob):
        with pytest.raises(errors.NothingToClaim):
            staking.claim(user.id, now=T0)
    assert ledger.balance("fees", "ETH") == D("1.5") and ledger.balance("rewards", "ETH") == 0


@pytest.mark.django_db
def test_parts_of_a_unit_stay_the_stakers_until_they_make_a_whole_one(loan, ada):
    bob = holder("bob")
    staking.stake(ada.id, "1", now=T0)
    staking.stake(bob.id, "2", now=T0)
    for n in range(2):
        settled(loan, {"USDC": "0.000005"})  # two units, two thirds of one are ada's
        share()
        if n == 0:
            with pytest.raises(errors.NothingToClaim):
                staking.claim(ada.id, now=T0)
    assert staking.claim(ada.id, now=T0).amounts == {"USDC": D("0.000001")}
    assert D(Stake.objects.get(user=ada).earned["USDC"]) == D("0.000000333333333333")
    check()


@pytest.mark.django_db
def test_a_claim_is_told_with_what_was_paid(loan, ada):
    staking.stake(ada.id, "1", now=T0)
    settled(loan, {"ETH": "1", "USDC": "10"})
    share()
    staking.claim(ada.id, now=T0)
    notice = Notification.objects.get(user=ada)
    assert (notice.type, notice.link) == ("REWARD_CLAIMED", "/staking")
    assert notice.message == "0.4 ETH, 4 USDC from staking came into your wallet."
    assert notice.data == {"amounts": {"ETH": "0.4", "USDC": "4"}}


@pytest.mark.django_db
def test_an_asset_shared_while_a_claim_waits_is_left_for_the_next(loan, ada, monkeypatch):
    staking.stake(ada.id, "1", now=T0)
    settled(loan, {"ETH": "1"})
    share()
    look = staking.current

    def overtaken():
        found = look()
        settled(loan, {"USDC": "10"})
        share()
        return found

    monkeypatch.setattr(staking, "current", overtaken)
    assert staking.claim(ada.id, now=T0).amounts == {"ETH": D("0.4")}
    monkeypatch.setattr(staking, "current", look)
    assert staking.claim(ada.id, now=T0).amounts == {"USDC": D(4)}
    check()


@pytest.mark.django_db(transaction=True)
def test_the_sentences_hold_while_people_act_and_fees_are_shared_at_once(loan):
    people = [holder(name) for name in ("ada", "bob", "eve")]
    for user in people:
        staking.stake(user.id, "10", now=T0)

    def acting(user, seed):
        dice = random.Random(seed)
        for n in range(15):
            now = after(days=n)
            amount = str(dice.randint(1, 40))
            act = dice.choice(
                [
                    partial(staking.stake, user.id, amount),
                    partial(staking.unstake, user.id, amount),
                    partial(staking.withdraw, user.id),
                    partial(staking.claim, user.id),
                ]
            )
            try:
                retried(partial(act, now=now), 20)
            except errors.Contended:
                raise
            except errors.DomainError:
                continue

    def earning():
        for n in range(10):
            settled(loan, {"ETH": f"0.{n + 1}", "USDC": "0.000009"})
            retried(partial(sharing.share, after(days=n)), 20)

    results = together(*(partial(acting, user, n) for n, user in enumerate(people)), earning)
    assert not raised(results)
    check()
