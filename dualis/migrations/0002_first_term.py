"""The one row of the engine's term."""

from typing import Any

from django.db import migrations


def _make(apps: Any, schema_editor: Any) -> None:
    apps.get_model("dualis", "EngineTerm").objects.get_or_create(id=1)


class Migration(migrations.Migration):
    dependencies = [("dualis", "0001_initial")]
    operations = [migrations.RunPython(_make, migrations.RunPython.noop)]
