"""A sample of every frame that the Notional protocol sends, by type. Pure.

A test holds each against its type, and the types against what a real server sends.
"""

from typing import Any

_USER = "0xa1b2c3d4e5f60718293a4b5c6d7e8f9001122334"
_HASH = "0x5164754e37c68ebf6fb7133fe6d4bcb4af3b1675148da8a3ba2cf83763fc563d"
_ORDER = "0x00000000000000000000000000000061"
_MS = 1772361000000
_TRANSACTION = {
    "transactionId": _HASH,
    "type": "OrderFilled",
    "timestamp": _MS,
    "blockNumber": 96,
    "txIndex": 1,
    "data": {},
    "orderId": _ORDER,
}
_TWAP = {
    "twapId": _ORDER,
    "status": "active",
    "asset": "ETH",
    "side": "buy",
    "totalSz": "5",
    "filledSz": "1",
    "remainingSz": "4",
    "reduceOnly": False,
    "slicesFilled": 1,
    "slicesPartial": 0,
    "slicesRejected": 0,
    "totalNotional": "2041.17",
    "avgFillPx": "2041.17",
    "durationMs": 1_200_000,
    "sliceIntervalMs": 300_000,
    "createdAt": _MS,
    "startedAt": _MS,
    "expectedEndAt": _MS + 1_200_000,
    "currentSliceIndex": 0,
    "totalExpectedSlices": 5,
    "randomize": False,
    "updatedAt": _MS,
    "completedAt": None,
    "canceledAt": None,
    "reason": None,
}

SAMPLES: dict[str, dict[str, Any]] = {
    "Confirmation": {
        "channel": "subscriptionResponse",
        "data": {
            "method": "subscribe",
            "subscription": {"type": "userFills", "user": _USER},
        },
    },
    "Pong": {"channel": "pong"},
    "Error": {"channel": "error", "data": {"message": "Invalid message format"}},
    "UserFillsData": {
        "channel": "userFills",
        "data": {
            "user": _USER,
            "isSnapshot": False,
            "fills": [
                {
                    "coin": "ETH",
                    "px": "2041.1",
                    "sz": "1.5",
                    "side": "B",
                    "time": _MS,
                    "startPosition": "0",
                    "dir": "Open Long",
                    "closedPnl": "0",
                    "hash": _HASH,
                    "oid": 97,
                    "orderId": _ORDER,
                    "crossed": True,
                    "fee": "1.530825",
                    "tid": 77,
                    "feeToken": "USDC",
                }
            ],
        },
    },
    "AccountSummaryData": {
        "channel": "accountSummary",
        "data": {
            "user": _USER,
            "summary": {
                "accountValue": 10004.92,
                "totalMarginUsed": 306.17,
                "availableMargin": 9698.75,
                "crossMaintenanceMargin": 153.08,
                "withdrawable": 9698.75,
                "assets": [{"coin": "USDC", "total": 9998.47, "available": 9998.47}],
                "positions": {
                    "ETH": {
                        "coin": "ETH",
                        "szi": "1.5",
                        "entryPx": "2041.1",
                        "positionValue": "3068.10",
                        "unrealizedPnl": "6.45",
                        "marginUsed": "306.81",
                        "leverage": "10",
                        "liqPx": None,
                        "returnOnEquity": "0.0211",
                    }
                },
            },
        },
    },
    "OrderUpdatesData": {
        "channel": "orderUpdates",
        "data": {
            "user": _USER,
            "isSnapshot": True,
            "orders": [
                {
                    "order": {
                        "coin": "BTC",
                        "side": "B",
                        "limitPx": "67446",
                        "sz": "0.025",
                        "oid": _ORDER,
                        "venueOid": 97,
                        "timestamp": _MS,
                        "origSz": "0.025",
                        "cloid": None,
                        "orderType": "limit",
                        "tif": "Gtc",
                        "isPositionTpsl": False,
                        "isTrigger": False,
                        "triggerCondition": "",
                        "triggerPx": "0",
                        "reduceOnly": False,
                        "parentOrderId": None,
                        "twapOrderId": None,
                        "twapSliceIndex": None,
                    },
                    "status": "open",
                    "statusTimestamp": _MS,
                }
            ],
        },
    },
    "UserOrderRejectionsData": {
        "channel": "userOrderRejections",
        "data": {
            "user": _USER,
            "rejections": [
                {
                    "orderId": _ORDER,
                    "coin": "ETH",
                    "reason": "A price is at most 5 % from the mark 2041.17",
                    "code": "INVALID_PRICE",
                    "timestamp": _MS,
                }
            ],
        },
    },
    "UserTransactionsData": {
        "channel": "userTransactions",
        "data": {"user": _USER, "transaction": _TRANSACTION},
    },
    "ActiveAssetDataData": {
        "channel": "activeAssetData",
        "data": {"user": _USER, "coin": "ETH", "leverage": 10},
    },
    "TwapUpdatesData": {
        "channel": "twapUpdates",
        "data": {"user": _USER, "isSnapshot": False, "twaps": [_TWAP]},
    },
    "NewBlocksData": {
        "channel": "newBlocks",
        "data": {
            "blockNumber": 96,
            "timestamp": _MS,
            "transactionCount": 2,
            "blockHash": "0xcab7d2c64765b65da97f0503c3b777ff9fc927b12653583aaf80b3bbd219d7f2",
        },
    },
    "NewTransactionsData": {"channel": "newTransactions", "data": _TRANSACTION},
}
