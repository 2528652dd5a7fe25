"""How fast governance's clocks run: the one reader of GOVERNANCE_TIME_SCALE.

In development a day takes half a minute, so that a proposal can be walked through.
"""

from datetime import datetime, timedelta

from django.conf import settings

from governance import lifecycle
from governance.lifecycle import ProposalType, Times


def span(real: timedelta) -> timedelta:
    """Return how long a span of the rules takes here."""
    return real / settings.GOVERNANCE_TIME_SCALE


def times(kind: ProposalType, start: datetime) -> Times:
    """Return the moments of a proposal whose vote begins at `start`."""
    return lifecycle.times(kind, start, settings.GOVERNANCE_TIME_SCALE)
