"""A server with its engine that refuses nobody for asking often: `python -m tests.open_server`.

It is killed between the commit and the answer of a request whose idempotency key ends with FATAL.
"""

import os
import signal
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")

FATAL = ":fatal"

if __name__ == "__main__":
    import django

    django.setup()

    from django.core.management import call_command

    from dualis import idempotency
    from realtime import limits

    once = idempotency.once

    def once_and_die(user_id: str, method: str, path: str, key: str, *rest: Any) -> Any:
        answer = once(user_id, method, path, key, *rest)
        if key.endswith(FATAL) and not answer.is_replayed:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    idempotency.once = once_and_die  # type: ignore[assignment]
    limits.USER_READS = limits.USER_WRITES = limits.ANONYMOUS = "1000000/m"
    call_command("serve", engine=True)
