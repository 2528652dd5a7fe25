"""A process that writes notifications, some in vain: `python -m tests.writer TRANSACTIONS`."""

import os
import random
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")

import django

django.setup()

from django.db import transaction  # noqa: E402

from dualis.accounts.models import User  # noqa: E402
from tests import world  # noqa: E402


class _Undone(Exception):
    pass


def main(count: int) -> None:
    owner = User.objects.get(email="demo@dualis.finance")
    for _ in range(count):
        try:
            with transaction.atomic():
                for _ in range(random.randint(1, 3)):
                    world.notification(owner)
                if random.random() < 0.3:
                    raise _Undone
        except _Undone:
            pass


if __name__ == "__main__":
    main(int(sys.argv[1]))
