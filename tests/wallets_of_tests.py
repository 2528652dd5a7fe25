"""Wallets that sign in tests: keys of nobody's, and requests of `POST /exchange` signed by them."""

from eth_account import Account

from dualis.trading import signing

KEY = "0x" + "11" * 32
AGENT_KEY = "0x" + "22" * 32
STRANGER_KEY = "0x" + "33" * 32


def address_of(key):
    return Account.from_key(key).address.lower()


def signed(action, nonce, key=KEY, expires=0):
    message = signing.action_message(action, nonce, expires)
    body = {"action": action, "nonce": nonce, "signature": signing.sign(message, key)}
    return body | ({"expiresAfter": expires} if expires else {})
