"""The margin ledger: accounts, orders, fills, blocks, and the venue that matches orders."""
