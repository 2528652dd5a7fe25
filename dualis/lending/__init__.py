"""Pools, positions, the statement, liquidations; rates, books, risk and auctions are pure."""
