"""Users, their sessions, single-use tokens, the log-in guard and the audit trail; rows only.

1. A session is what a token or a cookie stands for: once `ended_at` is set, nothing of it counts.
2. E-mail addresses are stored in lower case, so that equal is equal.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from dualis.identifiers import public_id
from dualis.published import Published
from dualis.timestamps import iso, iso_or_none


def new_user_id() -> str:
    return public_id("usr")


def new_session_id() -> str:
    return public_id("ses")


class Role(models.TextChoices):
    RETAIL = "retail"
    INSTITUTIONAL = "institutional"
    ADMIN = "admin"


class Status(models.TextChoices):
    PENDING_VERIFICATION = "pending_verification"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"


class SessionKind(models.TextChoices):
    API = "api"
    BROWSER = "browser"
    STREAM = "stream"


class Scope(models.TextChoices):
    FULL = "full"
    READ = "read"


class Purpose(models.TextChoices):
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"


class UserManager(BaseUserManager["User"]):
    """Makes users for `createsuperuser` and seeds; people come in through `registration`."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address as it is stored and looked up: trimmed, in lower case."""
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an active user; `fields` are columns."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a staff member with every permission and a verified address."""
        staff = {"role": Role.ADMIN, "is_superuser": True, "email_verified_at": timezone.now()}
        return self.create_user(email, password, **(staff | fields))


class User(AbstractBaseUser, PermissionsMixin):
    """A person or firm that signs in. Never deleted, only deactivated."""

    id = models.CharField(primary_key=True, max_length=32, default=new_user_id, editable=False)
    email = models.EmailField(unique=True)
    display_name = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.RETAIL)
    status = models.CharField(max_length=24, choices=Status.choices, default=Status.ACTIVE)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"
            )
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_staff(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.status not in (Status.SUSPENDED, Status.DEACTIVATED)

    def to_dict(self) -> dict[str, Any]:
        """Return the user as REST shows it to the user."""
        return {
            "id": self.id,
            "email": self.email,
            "role": self.role,
            "accountStatus": self.status,
            "emailVerified": self.email_verified_at is not None,
            "displayName": self.display_name or None,
            "createdAt": iso(self.created_at),
            "lastLoginAt": iso_or_none(self.last_login),
        }


class Session(Published):
    """One sign-in (`api`, `browser`) or stream token. The channel is internal: it closes sockets.

    `last_used_at` is as of the last save; `SessionUse` knows better and is not published, because
    every save of a session is journalled and use is no news. `refresh_jti` names the one refresh
    token of the family that still counts. `browser_key` is the key of the cookie's session.
    """

    CHANNEL: ClassVar[str] = "sessions"

    id = models.CharField(primary_key=True, max_length=32, default=new_session_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    kind = models.CharField(max_length=8, choices=SessionKind.choices)
    scope = models.CharField(max_length=4, choices=Scope.choices, default=Scope.FULL)
    name = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=24, blank=True)
    refresh_jti = models.CharField(max_length=32, blank=True)
    browser_key = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "ended_at"]),
            models.Index(fields=["user", "address", "user_agent"]),
            models.Index(
                fields=["expires_at"], condition=models.Q(ended_at=None), name="open_by_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} session {self.id}"

    def stream_owner(self) -> str:
        return str(self.user_id)

    def stream_dims(self) -> tuple[str, ...]:
        return (self.id,)

    def is_open(self) -> bool:
        return self.ended_at is None

    def is_usable(self, now: datetime) -> bool:
        """Tell whether the session still opens anything: not ended, not expired."""
        return self.ended_at is None and now < self.expires_at

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "scope": self.scope,
            "address": self.address,
            "userAgent": self.user_agent,
            "createdAt": iso(self.created_at),
            "lastUsedAt": iso(self.last_used_at),
            "expiresAt": iso(self.expires_at),
            "endedAt": iso_or_none(self.ended_at),
        }


class SessionUse(models.Model):
    """When a session was last used by a request, to the minute."""

    session = models.OneToOneField(
        Session, on_delete=models.CASCADE, primary_key=True, related_name="use"
    )
    used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"use of {self.session_id}"


class AccountToken(models.Model):
    """A single-use token sent by e-mail; only its SHA-256 is kept."""

    digest = models.CharField(primary_key=True, max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="account_tokens")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"


class LoginGuard(models.Model):
    """Failed attempts of one pair of address and e-mail; the e-mail need not belong to anybody."""

    address = models.CharField(max_length=45, blank=True)
    email = models.CharField(max_length=254)
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(db_index=True)
    locked_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-failed_at"]
        constraints = [
            models.UniqueConstraint(fields=["address", "email"], name="one_guard_per_pair")
        ]

    def __str__(self) -> str:
        return f"{self.failures} failures of {self.email} from {self.address or 'nowhere'}"


class AuditEntry(models.Model):
    """What staff did. Appended, never changed."""

    actor = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="audit_entries"
    )
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=120)
    details = models.JSONField(default=dict)
    address = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


# Django finds the models of an app by this module alone; those of money and votes stand in files
# of theirs.
from dualis.accounts.money import Entry, Movement, Wallet  # noqa: E402, F401
from dualis.accounts.votes_models import VoteCheckpoint, VotingPower  # noqa: E402, F401
