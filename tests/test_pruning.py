"""What is closed and dropped as time passes."""

import pytest
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from dualis.accounts import issuing, pruning
from dualis.accounts.models import Session
from tests.people import later, make_user, sign_in

pytestmark = pytest.mark.django_db


def test_prune_ends_expired_sessions_and_drops_their_tokens():
    user = make_user()
    issued = sign_in(user)
    sign_in(user, now=later(days=3))
    issuing.refresh(issued.refresh_token, now=later(days=2))
    assert pruning.prune(now=later(days=6)) == 0
    pruning.prune(now=later(days=9))
    ended = Session.objects.exclude(ended_at=None).get()
    assert (ended.end_reason, ended.ended_at) == ("expired", later(days=9))
    assert OutstandingToken.objects.count() == 1
