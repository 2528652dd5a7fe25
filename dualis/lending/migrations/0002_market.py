"""The one row of the market."""

from typing import Any

from django.db import migrations


def _make(apps: Any, schema_editor: Any) -> None:
    apps.get_model("lending", "Market").objects.get_or_create(id=1)


class Migration(migrations.Migration):
    dependencies = [("lending", "0001_initial")]
    operations = [migrations.RunPython(_make, migrations.RunPython.noop)]
