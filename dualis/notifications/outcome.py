"""What one try of a delivery came to; pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """`error` is a word of ours, empty if delivered; `status` is what the receiver answered.

    Final: a further try would come to the same, and the receiver is not to blame.
    """

    error: str = ""
    status: int | None = None
    is_final: bool = False

    @property
    def is_delivered(self) -> bool:
        return not self.error


DELIVERED = Outcome()
OUR_FAULT = Outcome("our_fault")
NO_ADDRESS = Outcome("no_address", is_final=True)
SWITCHED_OFF = Outcome("switched_off", is_final=True)
