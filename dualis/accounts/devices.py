"""Where a request comes from, as far as sessions care. Knows nothing of users."""

from dataclasses import dataclass
from typing import Any, Self

USER_AGENT_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Device:
    """The real address and the User-Agent header, cut to what a session stores."""

    address: str = ""
    user_agent: str = ""

    @classmethod
    def of(cls, request: Any) -> Self:
        """Return the device behind a request that passed `RequestIdMiddleware`; None is nowhere."""
        if request is None:
            return cls()
        agent = request.headers.get("User-Agent", "").replace("\x00", "")
        return cls(address=request.address[:45], user_agent=agent[:USER_AGENT_LENGTH])
