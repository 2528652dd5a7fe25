"""What a pool's parameters may be, and what a change of them does."""

from decimal import Decimal

import pytest

from dualis import errors
from dualis.lending import borrowing, figures, parameters, supplying
from dualis.lending.models import Pool
from realtime import journal
from tests import lending_market as lm
from tests.lending_market import T0, after, check, rich

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    check()


def test_change_is_published_once_and_returned():
    before = journal.position()
    changed = parameters.change("usdc-main", {"base": "0.03", "kink": "0.8"}, now=T0)
    assert changed == {"base": ("0.02", "0.03")}, "the kink is what it was"
    (event,) = journal.since(before.seq)
    assert event.channel == "pools" and '"reason":"params"' in event.text


def test_interest_up_to_the_change_is_charged_at_the_old_rate():
    lender, borrower = rich("lender"), rich("borrower")
    supplying.supply(lender.id, "usdc-main", "10000", now=T0)
    loan = borrowing.open_position(borrower.id, "usdc-main", "5000", {"ETH": "10"}, now=T0)
    parameters.change("usdc-main", {"base": "1"}, now=after(days=365.25))
    pool = Pool.objects.get(id="usdc-main")
    loan.position.refresh_from_db()
    # 5,000 x e^0.055
    assert figures.debt(loan.position, pool).quantize(Decimal("0.01")) == Decimal("5282.70")


@pytest.mark.parametrize(
    "changes",
    [
        {"cash": "1"},
        {"haircut_tier": "tifa"},
        {"base": "-0.01"},
        {"base": "NaN"},
        {"base": "words"},
        {"base": None},
        {"kink": "1"},
        {"reserve_factor": "1"},
        {"jump": "100"},
        {"ltv": "0.85"},
        {"ltv": "0.84999999999"},
        {"threshold": "0.80"},
        {"penalty": "0.18"},
        {"supply_cap_usd": "-1"},
        {"is_active": "perhaps"},
    ],
)
def test_invalid_change_is_refused_and_changes_nothing(changes):
    before = Pool.objects.filter(id="usdc-main").values().get()
    with pytest.raises(errors.ValidationError):
        parameters.change("usdc-main", changes, now=T0)
    assert Pool.objects.filter(id="usdc-main").values().get() == before


def test_penalty_that_fits_only_the_end_of_a_ramp_is_refused():
    """0.85 x 1.18 is above 1 today, 0.81 x 1.18 is not."""
    with pytest.raises(errors.ValidationError):
        parameters.change("usdc-main", {"threshold": "0.81", "penalty": "0.18"}, now=T0)


def test_unknown_pool_is_refused():
    with pytest.raises(errors.PoolNotFound):
        parameters.change("nowhere", {"base": "0.03"}, now=T0)
