"""What the lending market books: legs of the double-entry ledger for every operation.

Per asset the accounts add up to zero: wallets, supplies, collateral and reserves are what the
market owes, debts are negative, `outside` is the rest of the world. Interest accrues for all at
once into `supply-interest` and `debt-interest` of the pool and is shared out to a position when it
is touched; what rounding leaves stands in `rounding`.
"""

from decimal import Decimal

from dualis.accounts.ledger import Leg
from dualis.exact import EXACT, ZERO
from dualis.lending.bookkeeping import WrittenOff
from dualis.lending.models import BorrowPosition, Pool, SupplyPosition

RESERVES = "reserves"  # of a pool: its account is this and the pool's id


def interest_of_pool(pool: Pool) -> list[Leg]:
    """Return the legs of the interest that is not booked yet, and mark it as booked."""
    suppliers, reserves = pool.unbooked_to_suppliers, pool.unbooked_to_reserves
    pool.unbooked_to_suppliers = pool.unbooked_to_reserves = ZERO
    return [
        _leg(f"debt-interest:{pool.id}", pool, -EXACT.add(suppliers, reserves)),
        _leg(f"supply-interest:{pool.id}", pool, suppliers),
        _leg(f"{RESERVES}:{pool.id}", pool, reserves),
    ]


def interest_of_supply(position: SupplyPosition, pool: Pool, balance: Decimal) -> list[Leg]:
    """Share the interest of a supply position out to it: its entries then sum to `balance`."""
    earned = EXACT.subtract(balance, position.booked)
    position.booked = balance
    return [
        Leg(f"supply:{position.id}", pool.asset_id, earned, position.user_id),
        _leg(f"supply-interest:{pool.id}", pool, -earned),
    ]


def interest_of_debt(position: BorrowPosition, pool: Pool, debt: Decimal) -> list[Leg]:
    """Charge the interest of a borrow position to it: its entries then sum to minus `debt`."""
    charged = EXACT.subtract(debt, position.booked)
    position.booked = debt
    return [
        Leg(f"debt:{position.id}", pool.asset_id, -charged, position.user_id),
        _leg(f"debt-interest:{pool.id}", pool, charged),
    ]


def supply_moved(
    position: SupplyPosition, pool: Pool, balance: Decimal, paid: Leg, dust: Decimal
) -> list[Leg]:
    """Book a supply or a withdrawal: `paid` is the other side, `dust` what reserves got."""
    change = EXACT.subtract(balance, position.booked)
    position.booked = balance
    return _with_rounding(
        pool,
        [paid, Leg(f"supply:{position.id}", pool.asset_id, change, position.user_id)],
        dust,
    )


def debt_moved(
    position: BorrowPosition, pool: Pool, debt: Decimal, paid: Leg, dust: Decimal
) -> list[Leg]:
    """Book a loan or a repayment: `paid` is the other side, `dust` what reserves got."""
    change = EXACT.subtract(debt, position.booked)
    position.booked = debt
    return _with_rounding(
        pool,
        [paid, Leg(f"debt:{position.id}", pool.asset_id, -change, position.user_id)],
        dust,
    )


def debt_written_off(position: BorrowPosition, pool: Pool, done: WrittenOff) -> list[Leg]:
    """Book a bad debt that reserves and suppliers bear; the latter as interest that is lost."""
    gone = position.booked
    position.booked = ZERO
    return _with_rounding(
        pool,
        [
            Leg(f"debt:{position.id}", pool.asset_id, gone, position.user_id),
            _leg(f"supply-interest:{pool.id}", pool, -done.from_suppliers),
        ],
        -done.from_reserves,
    )


def wallet(user_id: str, asset: str, amount: Decimal) -> Leg:
    """Return the leg of a user's wallet."""
    return Leg(f"wallet:{user_id}", asset, amount, user_id)


def collateral(position: BorrowPosition, asset: str, amount: Decimal) -> Leg:
    """Return the leg of collateral that is locked, or let go."""
    return Leg(f"collateral:{position.id}", asset, amount, position.user_id)


def _with_rounding(pool: Pool, legs: list[Leg], dust: Decimal) -> list[Leg]:
    legs = [*legs, _leg(f"{RESERVES}:{pool.id}", pool, dust)]
    left = ZERO
    for leg in legs:
        left = EXACT.add(left, leg.amount)
    return [*legs, _leg(f"rounding:{pool.id}", pool, -left)]


def _leg(account: str, pool: Pool, amount: Decimal) -> Leg:
    return Leg(account, pool.asset_id, amount, None)
