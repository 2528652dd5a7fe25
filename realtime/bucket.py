"""A token bucket: `burst` at once, `rate` a second after that. Pure; the caller owns the clock."""

from dataclasses import dataclass


@dataclass(slots=True)
class TokenBucket:
    rate: float
    burst: float
    level: float
    filled_at: float

    @classmethod
    def full(cls, rate: float, burst: float, now: float) -> "TokenBucket":
        return cls(rate, burst, burst, now)

    def take(self, now: float) -> bool:
        """Take one token; False if there is none. A clock that goes back gives nothing."""
        elapsed = max(0.0, now - self.filled_at)
        self.level = min(self.burst, self.level + elapsed * self.rate)
        self.filled_at = max(self.filled_at, now)
        if self.level < 1.0:
            return False
        self.level -= 1.0
        return True

    def is_full(self, now: float) -> bool:
        """Tell whether everything that was taken has come back."""
        return self.level + max(0.0, now - self.filled_at) * self.rate >= self.burst

    def resize(self, rate: float, burst: float) -> None:
        """Change the limits; what was used stays used."""
        self.level = max(0.0, burst - (self.burst - self.level))
        self.rate, self.burst = rate, burst
