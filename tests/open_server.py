"""A server with its engine that refuses nobody for asking often: `python -m tests.open_server`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from realtime import limits  # noqa: E402

if __name__ == "__main__":
    limits.USER_READS = limits.USER_WRITES = limits.ANONYMOUS = "1000000/m"
    call_command("serve", engine=True)
