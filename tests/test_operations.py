"""The admin's operations: who sees them, what they tell, what staff do there."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from dualis.accounts.models import AuditEntry, Role, User
from dualis.lending.models import Market
from dualis.models import EngineStep, EngineTerm
from dualis.notifications.models import Delivery
from dualis.trading import poller
from dualis.trading.models import PollerState
from dualis.trading.venues import VenueError
from realtime import operations, workers
from tests import people
from tests import trading_world as tw

pytestmark = pytest.mark.django_db(transaction=True)

PAGE, FIGURES = "/admin/operations/", "/admin/operations/figures"
NOW = people.NOW


def visitor(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def clerk(*rights: str) -> User:
    """A member of staff with these rights alone."""
    user = User.objects.create_user("clerk@example.com", people.PASSWORD, role=Role.ADMIN)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return user


@pytest.fixture
def staff() -> Client:
    return visitor(people.make_staff())


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_staff_with_every_right_see_the_page_and_all_its_actions(staff):
    text = staff.get(PAGE).content.decode()
    for title in ("Pause the protocol", "Stop the fills poller", "Restart the fills poller"):
        assert title in text
    assert "Resume the protocol" not in text and "Start the fills poller" not in text
    assert "Live operations" in staff.get("/admin/").content.decode()


def test_who_is_not_staff_gets_no_page_no_figures_and_no_action():
    for client in (visitor(None), visitor(people.make_user())):
        assert client.get(PAGE).status_code == 302
        assert client.get(FIGURES).status_code == 403
        assert client.post(f"{PAGE}pause-protocol/").status_code == 302
    assert not Market.objects.get().is_paused


def test_staff_without_the_right_get_nothing():
    client = visitor(clerk())
    assert client.get(PAGE).status_code == 403
    assert client.get(FIGURES).status_code == 403
    assert client.get(f"{PAGE}pause-protocol/").status_code == 403
    assert client.post(f"{PAGE}pause-protocol/").status_code == 403
    assert "Live operations" not in client.get("/admin/").content.decode()
    assert not Market.objects.get().is_paused and not AuditEntry.objects.exists()


def test_who_may_only_look_is_offered_no_action():
    client = visitor(clerk("view_enginestep"))
    assert "Pause the protocol" not in client.get(PAGE).content.decode()
    assert client.get(FIGURES).status_code == 200
    assert client.post(f"{PAGE}stop-poller/").status_code == 403


def test_an_action_asks_before_it_acts_and_is_audited_once(staff):
    address = f"{PAGE}pause-protocol/"
    asked = staff.get(address).content.decode()
    assert "Every user is told." in asked and not Market.objects.get().is_paused
    done = staff.post(address, follow=True).content.decode()
    assert "Pause the protocol: done." in done and "Resume the protocol" in done
    assert Market.objects.get().is_paused
    again = staff.post(address, follow=True).content.decode()
    assert "nothing to change" in again
    staff.post(f"{PAGE}resume-protocol/")
    assert not Market.objects.get().is_paused
    assert actions() == ["lending.pause_protocol", "lending.resume_protocol"]


def test_an_action_without_the_form_s_token_is_refused():
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.make_staff())
    assert client.post(f"{PAGE}pause-protocol/").status_code == 403
    assert not Market.objects.get().is_paused


def test_an_unknown_action_is_not_found(staff):
    assert staff.post(f"{PAGE}format-disk/").status_code == 404


def test_a_restart_lifts_the_back_off_and_starts_what_was_stopped(staff):
    PollerState.objects.create(
        id=1, is_enabled=False, errors=4, last_error="503", resume_at=NOW, after="0xff"
    )
    staff.post(f"{PAGE}restart-poller/")
    row = PollerState.objects.get()
    assert (row.is_enabled, row.errors, row.last_error, row.resume_at, row.after) == (
        True,
        0,
        "",
        None,
        "",
    )
    staff.post(f"{PAGE}restart-poller/")
    assert actions() == ["trading.restart_poller"]
    assert AuditEntry.objects.get().details == {"errors": 4, "lastError": "503"}


def test_a_stop_during_a_poll_holds():
    tw.account(tw.ADA)

    class Venue:
        name = "slow"

        def fills(self, account, since):
            PollerState.objects.update(is_enabled=False)  # staff, meanwhile
            raise VenueError("503")

    poller.step(Venue(), timezone.now())
    row = PollerState.objects.get()
    assert not row.is_enabled and row.errors == 1


def test_figures_tell_steps_with_their_lag_and_what_waits(staff, monkeypatch):
    now = timezone.now()
    EngineTerm.objects.update(term=7, holder="here:1", since_at=now)
    EngineStep.objects.create(
        name="oracle.tick",
        interval_seconds=1,
        ran_at=now - timedelta(seconds=31),
        duration_ms=2.5,
        failures=3,
        last_error="see the log",
    )
    EngineStep.objects.create(name="journal.prune", interval_seconds=60)
    user = people.make_user()
    for state, ended in (("pending", None), ("failed", now)):
        Delivery.objects.create(
            user=user,
            door="webhook",
            payload={},
            state=state,
            due_at=now,
            created_at=now - timedelta(minutes=1),
            ended_at=ended,
        )
    report = {"id": "here:1", "at": 100.0, "cursor": 0, "eventsPerSecond": 4.5}
    monkeypatch.setattr(workers, "told", lambda at: ([report], True))
    found = operations.figures(now, 103.0)
    idle, tick = found["engine"]["steps"]
    assert found["engine"]["term"] == 7 and found["engine"]["holder"] == "here:1"
    assert (idle["ranAt"], idle["lagSeconds"]) == (None, None)
    assert (tick["ageSeconds"], tick["lagSeconds"], tick["durationMs"]) == (31, 30, 2.5)
    assert (tick["failures"], tick["lastError"]) == (3, "see the log")
    (door,) = found["deliveries"]
    assert (door["door"], door["waiting"], door["failed24h"]) == ("webhook", 1, 1)
    assert found["journal"]["perSecond"] == 4.5
    (process,) = found["workers"]
    assert process["ageSeconds"] == 3 and process["behind"] == found["journal"]["seq"]
    assert found["poller"]["isEnabled"] and not found["market"]["isPaused"]


def test_figures_without_a_process_that_reports_say_so(staff):
    body = staff.get(FIGURES).json()
    assert body["workers"] == [] and body["journal"]["perSecond"] is None
    assert staff.get(FIGURES)["Cache-Control"].startswith("max-age=0")
