"""Samples of what accounts are worth, how long they are kept, and the histories they make."""

from datetime import datetime
from decimal import Decimal as D

import pytest
from rest_framework.test import APIClient

from dualis.trading import money, portfolio, withdrawals
from dualis.trading.models import (
    LedgerTransaction,
    MarginAccount,
    PortfolioSample,
    PortfolioTotals,
    milliseconds,
)
from dualis.trading.portfolio_figures import DAILY, HOURLY, SAMPLE, book
from tests import trading_world as tw
from tests.test_trading_api import info
from tests.trading_world import ADA, BOB, EVE, after, check, place

pytestmark = pytest.mark.django_db(transaction=True)  # all reads of a round see one moment

PRICES = {"BTC": D(60_000), "ETH": D(2_000), "USDC": D(1)}
FIVE = 300


@pytest.fixture(autouse=True)
def ledger():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB, "100000")
    yield
    check()


def sample(seconds):
    return portfolio.run(after(seconds=seconds))


def samples(name=ADA):
    return list(PortfolioSample.objects.filter(account_id=name).order_by("at"))


def shown(rows):
    return [(row.value, row.pnl, row.perp_pnl, row.volume) for row in rows]


def test_samples_follow_trades_marks_and_money_that_comes_and_goes():
    assert sample(0) == 2 and sample(299) == 0  # one an interval
    place(BOB, "A", "2", "2000")
    place(ADA, "B", "2", "2000")  # the taker's fee is 2
    tw.marked(ETH="2050")
    money.deposit(ADA, "USDC", D(500), now=after(seconds=301))
    assert sample(301) == 2
    withdrawals.request(ADA, "USDC", "100", ADA, now=after(seconds=302))
    sample(601)
    assert shown(samples()) == [
        (10_000, 0, 0, 0),
        (10_598, 98, 98, 4_000),
        (10_498, 98, 98, 4_000),
    ]
    assert [row.grade for row in samples()] == [DAILY, SAMPLE, SAMPLE]
    fee_of_the_maker = D("0.8")
    assert samples(BOB)[1].pnl == -100 - fee_of_the_maker


def test_what_did_not_change_is_sampled_once_an_hour():
    for seconds in range(0, 7_200, FIVE):
        sample(seconds)
    assert [row.grade for row in samples()] == [DAILY, HOURLY]


def test_a_crowd_is_sampled_and_its_totals_go_on():
    crowd = [f"0x{n:x}" for n in range(1, 20)]
    for name in crowd:
        tw.account(name, "7")
    assert sample(0) == 21
    for name in crowd:
        money.deposit(name, "USDC", D(1), now=after(seconds=FIVE))
    assert sample(FIVE) == 19
    assert [(row.value, row.pnl) for row in samples("0x9")] == [(7, 0), (8, 0)]


def test_a_round_is_taken_in_steps_and_so_is_what_has_to_be_counted(monkeypatch):
    monkeypatch.setattr(portfolio, "BATCH", 2)
    monkeypatch.setattr(portfolio, "COUNTED", 3)
    tw.account(EVE)
    place(BOB, "A", "2", "2000")
    place(ADA, "B", "2", "2000")  # with the deposits seven transactions
    assert [sample(second) for second in range(6)] == [0, 0, 2, 1, 0, 0]
    assert samples(ADA)[0].pnl == -2 and samples(ADA)[0].volume == 4_000
    assert [sample(FIVE + second) for second in range(3)] == [0, 0, 0]  # nothing changed
    money.deposit(EVE, "USDC", D(1), now=after(seconds=2 * FIVE))
    assert [sample(2 * FIVE + second) for second in range(2)] == [0, 1]


def test_an_account_that_never_had_anything_is_not_sampled():
    tw.account("0x1", "0")
    assert sample(0) == 2 and not samples("0x1")


def test_without_a_live_price_nothing_is_made_up():
    place(BOB, "A", "2", "2000")
    place(ADA, "B", "2", "2000")
    tw.account("0x1", "5")
    quote = tw.world.quote("ETH", "2000")
    quote.is_tripped = True
    quote.save()
    assert sample(0) == 1 and not samples(ADA)
    quote.is_tripped = False
    quote.save()
    sample(FIVE)
    (row,) = samples(ADA)  # what was traded meanwhile is known
    assert (row.volume, row.pnl) == (4_000, -2)


def test_a_round_that_dies_is_taken_anew_and_counts_nothing_twice(monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(portfolio, "upsert_all", die)
        with pytest.raises(Killed):
            sample(0)
    assert not samples() and not PortfolioTotals.objects.exists()
    sample(1)
    assert samples()[0].pnl == 0


def test_totals_equal_the_whole_chain_counted_at_once():
    for number in range(4):
        place(BOB, "A", "1", "2000")
        place(ADA, "B", "1", "2000")
        sample(number * FIVE)
    whole = {}
    for tx in LedgerTransaction.objects.order_by("id"):
        book(whole, tx.value, PRICES)
    for row in PortfolioTotals.objects.all():
        assert row.totals == whole[row.account_id]


def test_samples_are_kept_by_their_grade():
    day = 86_400
    row = MarginAccount.objects.get(name=ADA)
    for at in (0, 1 * day, 33 * day, 34 * day, 35 * day):
        for grade in (SAMPLE, HOURLY, DAILY):
            figures = {"value": 1, "pnl": 0, "perp_pnl": 0, "volume": 0}
            moment = after(seconds=at + grade)
            PortfolioSample.objects.create(account=row, at=moment, grade=grade, **figures)
    assert portfolio.prune(after(days=35, seconds=100)) == 5
    left = [(row.grade, (row.at - after(seconds=0)).days) for row in samples()]
    assert [d for g, d in left if g == SAMPLE] == [34, 35]
    assert [d for g, d in left if g == HOURLY] == [33, 34, 35]
    assert [d for g, d in left if g == DAILY] == [0, 1, 33, 34, 35]


# --- histories ----------------------------------------------------------------------------------
def told(at, value, pnl, perp, volume, grade=DAILY, name=ADA):
    PortfolioSample.objects.create(
        account_id=name,
        at=at,
        grade=grade,
        value=D(value),
        pnl=D(pnl),
        perp_pnl=D(perp),
        volume=D(volume),
    )


@pytest.fixture
def lived(ledger):
    """Forty days of Ada's: a sample a day, and a few of the last hours."""
    for day in range(40):
        told(after(days=day), 10_000 + day, day, 2 * day, 100 * day)
    told(after(days=39, hours=5), 10_050, 50, 90, 4_000, HOURLY)
    told(after(days=39, hours=5, minutes=5), 10_060, 60, 95, 4_500, SAMPLE)


def history(period, now=None):
    return portfolio.history(ADA, period, now or after(days=39, hours=6))


def test_a_day_shows_every_sample_and_what_was_gained_in_it(lived):
    found = history("day")
    times = [after(days=39), after(days=39, hours=5), after(days=39, hours=5, minutes=5)]
    moments = [milliseconds(at) for at in times]
    assert found["accountValueHistory"] == [
        [at, value] for at, value in zip(moments, ["10039", "10050", "10060"], strict=True)
    ]
    # before the day began: 38
    assert [value for _, value in found["pnlHistory"]] == ["1", "12", "22"]
    assert found["vlm"] == "700"
    perp = history("perpDay")["pnlHistory"]
    assert [value for _, value in perp] == ["2", "14", "19"]


@pytest.mark.parametrize(
    ("period", "count", "first"),
    [("week", 9, "1"), ("month", 32, "1"), ("allTime", 41, "0")],
)
def test_longer_periods_show_coarser_samples_and_the_newest(lived, period, count, first):
    found = history(period)
    assert len(found["pnlHistory"]) == len(found["accountValueHistory"]) == count
    assert found["accountValueHistory"][-1][1] == "10060"
    assert found["pnlHistory"][0][1] == first


def test_a_period_without_samples_is_empty(lived):
    empty = {"accountValueHistory": [], "pnlHistory": [], "vlm": "0"}
    assert history("day", after(days=90)) == empty
    assert portfolio.history("0x404", "allTime", after(days=1)) == empty


def test_an_account_younger_than_the_period_is_counted_from_nothing():
    told(after(hours=1), 10_007, 7, 7, 50)
    assert history("week", after(hours=2))["pnlHistory"][0][1] == "7"
    assert history("week", after(hours=2))["vlm"] == "50"


def test_info_tells_the_week_of_perpetuals_unless_asked_and_which_price_lacks():
    place(BOB, "A", "2", "2000")
    place(ADA, "B", "2", "2000")
    client = APIClient()
    portfolio.run(datetime.now(tz=after(seconds=0).tzinfo))
    plain = info(client, "portfolio", user=ADA.upper()).json()
    assert plain == info(client, "portfolio", user=ADA, period="perpWeek").json()
    assert plain["pnlHistory"][0][1] == "-2" and plain["vlm"] == "4000"
    assert plain["warnings"] == []
    quote = tw.world.quote("ETH", "2000")
    quote.is_tripped = True
    quote.save()
    (warning,) = info(client, "portfolio", user=ADA).json()["warnings"]
    assert (warning["asset"], warning["assetId"], warning["type"]) == ("ETH", "00020001", "perp")
    assert info(client, "portfolio", user="0x404").json()["accountValueHistory"] == []
