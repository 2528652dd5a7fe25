"""The journal's head row, with an epoch of its own."""

import secrets
from typing import Any

from django.db import migrations


def _make(apps: Any, schema_editor: Any) -> None:
    apps.get_model("realtime", "Head").objects.get_or_create(
        id=1, defaults={"epoch": secrets.token_hex(8)}
    )


class Migration(migrations.Migration):
    dependencies = [("realtime", "0001_initial")]
    operations = [migrations.RunPython(_make, migrations.RunPython.noop)]
