"""What a user may choose: names, types, bounds, order; what is left out stays."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dualis.notifications.choices import Choices, InvalidChoices, merged

DEFAULTS = {
    "channels": {"inApp": True, "email": True, "webhook": False},
    "financial": {
        "enabled": True,
        "healthFactorThresholds": {"caution": 1.5, "danger": 1.2, "critical": 1.05},
        "interestMilestones": True,
        "rateChanges": True,
    },
    "auth": {"enabled": True, "newLoginAlerts": True},
    "governance": {"enabled": False},
}
THRESHOLDS = "financial.healthFactorThresholds"
BOUNDS = "must be from {} to 10, with up to 3 decimal places."


def thresholds(**values):
    return {"financial": {"healthFactorThresholds": values}}


def test_the_defaults_are_those_of_the_page():
    assert Choices().to_dict() == DEFAULTS


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ({}, {}),
        ({"channels": {}}, {}),
        ({"channels": {"webhook": True}}, {"webhook": True}),
        ({"auth": {"newLoginAlerts": False}}, {"new_login_alerts": False}),
        (thresholds(caution=10), {"caution": Decimal(10)}),
        (thresholds(critical=1.001), {"critical": Decimal("1.001")}),
        (thresholds(danger=1.3), {"danger": Decimal("1.3")}),
    ],
)
def test_what_a_body_names_is_changed_and_nothing_else(body, changed):
    chosen = merged(Choices(), body)
    assert chosen == replace(Choices(), **changed)
    assert merged(Choices(), chosen.to_dict()) == chosen, "what is shown can be put back"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ([], {"body": "must be an object."}),
        (None, {"body": "must be an object."}),
        ({"digest": {"enabled": True}}, {"digest": "is not known."}),
        ({"channels": {"sms": True}}, {"channels.sms": "is not known."}),
        ({"channels.email": True}, {"channels.email": "is not known."}),
        ({"channels": True}, {"channels": "must be an object."}),
        ({"channels": {"email": {"on": 1}}}, {"channels.email": "must be true or false."}),
        ({"channels": {"email": 1}}, {"channels.email": "must be true or false."}),
        ({"channels": {"email": "true"}}, {"channels.email": "must be true or false."}),
        ({"channels": {"email": None}}, {"channels.email": "must be true or false."}),
        ({"x" * 500: 1}, {"x" * 80: "is not known."}),
        (thresholds(caution="1.5"), {f"{THRESHOLDS}.caution": "must be a number."}),
        (thresholds(caution=True), {f"{THRESHOLDS}.caution": "must be a number."}),
        (thresholds(caution=10.001), {f"{THRESHOLDS}.caution": BOUNDS.format("1.01")}),
        (thresholds(caution=1e300), {f"{THRESHOLDS}.caution": BOUNDS.format("1.01")}),
        (thresholds(caution=float("inf")), {f"{THRESHOLDS}.caution": BOUNDS.format("1.01")}),
        (thresholds(danger=1.009), {f"{THRESHOLDS}.danger": BOUNDS.format("1.01")}),
        (thresholds(critical=1), {f"{THRESHOLDS}.critical": BOUNDS.format("1.001")}),
        (thresholds(critical=1.0401), {f"{THRESHOLDS}.critical": BOUNDS.format("1.001")}),
        (thresholds(danger=1.5), {THRESHOLDS: "must fall: caution > danger > critical."}),
        (thresholds(critical=1.2), {THRESHOLDS: "must fall: caution > danger > critical."}),
        (
            {"auth": {"enabled": 0}, "governance": {"on": True}},
            {"auth.enabled": "must be true or false.", "governance.on": "is not known."},
        ),
    ],
)
def test_a_body_that_is_wrong_is_refused_field_by_field(body, fields):
    with pytest.raises(InvalidChoices) as refused:
        merged(Choices(), body)
    assert refused.value.fields == {name: [text] for name, text in fields.items()}
