"""The words for where an order stands (notional 9.1). Pure."""

PENDING, OPEN, PARTIAL, WAITING = "pending", "open", "partial", "waitingForTrigger"
FILLED, CANCELED, REJECTED = "filled", "canceled", "rejected"
ACTIVE = (PENDING, OPEN, PARTIAL, WAITING)
IN_BOOK = (OPEN, PARTIAL)
