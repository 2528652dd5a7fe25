"""Hashes: the same for the same content, another for any other, linked to what came before."""

from dualis.trading import chain

HEADER = {
    "number": 1,
    "timestamp_ms": 1_760_000_000_000,
    "parent_hash": chain.GENESIS,
    "transactions": ["0x01", "0x02"],
}


def test_a_hash_does_not_depend_on_the_order_of_keys():
    one = chain.transaction_hash(chain.GENESIS, {"a": 1, "b": {"c": "2", "d": []}})
    other = chain.transaction_hash(chain.GENESIS, {"b": {"d": [], "c": "2"}, "a": 1})
    assert one == other and len(one) == 66 and one.startswith("0x")


def test_a_hash_depends_on_the_one_before():
    assert chain.transaction_hash(chain.GENESIS, {}) != chain.transaction_hash("0x1", {})


def test_a_block_hash_depends_on_everything_in_it():
    known = chain.block_hash(**HEADER)
    others = [
        {**HEADER, "number": 2},
        {**HEADER, "timestamp_ms": 1},
        {**HEADER, "parent_hash": known},
        {**HEADER, "transactions": ["0x02", "0x01"]},
        {**HEADER, "transactions": []},
    ]
    assert known not in [chain.block_hash(**other) for other in others]
    assert known == chain.block_hash(**HEADER)
