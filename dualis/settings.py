"""Settings, all from the environment; the table in the README names every variable.

Knows names, defaults and which of them production must set. Knows nothing of the market.
"""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DJANGO_ENV = env.str("DJANGO_ENV", "development")
if DJANGO_ENV not in ("development", "production"):
    raise ImproperlyConfigured(f"DJANGO_ENV is {DJANGO_ENV!r}; it is development or production")
IS_PRODUCTION = DJANGO_ENV == "production"
DEBUG = False

HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 4000)


def _secret(name: str, development: str) -> str:
    """Return a secret from the environment; production has no default for it."""
    value = env.str(name, "")
    if value:
        return value
    if IS_PRODUCTION:
        raise ImproperlyConfigured(f"{name} must be set when DJANGO_ENV is production")
    return development


SECRET_KEY = _secret("SECRET_KEY", "development-only-secret-key-that-signs-nothing-of-value-7d2b6c")
JWT_SIGNING_KEY = _secret("JWT_SIGNING_KEY", "development-only-token-key-that-signs-nothing-1f0a9e")

_local_origins = [f"http://{host}:{PORT}" for host in ("localhost", "127.0.0.1")]
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[] if IS_PRODUCTION else ["localhost", "127.0.0.1"]
)
if IS_PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must be set when DJANGO_ENV is production")
# A present Origin must equal one of these exactly; no Origin passes (programs send none).
ALLOWED_ORIGINS = env.list(
    "ALLOWED_ORIGINS",
    default=[f"https://{host}" for host in ALLOWED_HOSTS] if IS_PRODUCTION else _local_origins,
)
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
TRUSTED_PROXIES = [ip_network(text) for text in env.list("TRUSTED_PROXIES", default=[])]

# --- where things are kept -------------------------------------------------------------------
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "var")))
DATA_DIR.mkdir(parents=True, exist_ok=True)
DATABASE_URL = env.str("DATABASE_URL", "") or f"sqlite:///{DATA_DIR / 'dualis.sqlite3'}"
_database: dict[str, Any] = dict(environ.Env.db_url_config(DATABASE_URL))
if _database["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE and WAL: without them concurrent writers fail with "database is locked".
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
    _database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    _database["CONN_MAX_AGE"] = 0
    _database["CONN_HEALTH_CHECKS"] = True  # the pool may hold connections of before a restart
    _database.setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "max_size": 16, "timeout": 10}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "")
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10_000}}
}

# --- the application -------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "dualis.accounts.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "dualis",
    "dualis.accounts",
    "dualis.oracle",
    "dualis.lending",
    "dualis.trading",
    "dualis.notifications",
    "governance",
    "realtime",
]
MIDDLEWARE = [
    "dualis.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "dualis.urls"
ASGI_APPLICATION = "dualis.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"  # filled by collectstatic; production serves from here
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# uPlot comes from npm and is served from where npm put it.
STATICFILES_DIRS = [("vendor/uplot", BASE_DIR / "node_modules" / "uplot" / "dist")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "dualis.static_storage.ModuleStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
SILENCED_SYSTEM_CHECKS = ["staticfiles.W004"]  # node_modules is absent until npm has run

# --- security --------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, "ws:", "wss:"] if not IS_PRODUCTION else [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 7 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if IS_PRODUCTION:
    SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz)$"]  # probes speak plain HTTP
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["dualis.accounts.backends.AccountBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "dualis.accounts.passwords.PasswordRules"},
]
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
# In development letters go to the console; in production that would print reset links into logs.
EMAIL_BACKEND = env.str(
    "EMAIL_BACKEND",
    f"django.core.mail.backends.{'smtp' if IS_PRODUCTION else 'console'}.EmailBackend",
)
EMAIL_TIMEOUT = 10  # seconds; without one a mail server that hangs would hang the courier
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Dualis <no-reply@dualis.finance>")
# where links in letters lead
PUBLIC_URL = env.str(
    "PUBLIC_URL",
    f"https://{ALLOWED_HOSTS[0].lstrip('.')}" if IS_PRODUCTION else f"http://localhost:{PORT}",
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "dualis.accounts.authentication.TokenAuthentication",
        "dualis.accounts.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["dualis.parsing.Parser"],
    "DEFAULT_THROTTLE_CLASSES": ["realtime.limits.ApiThrottle"],
    "EXCEPTION_HANDLER": "dualis.api.refuse",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": True,
}
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "USER_ID_CLAIM": "sub",
    "UPDATE_LAST_LOGIN": False,
}

# A request's body: far above what any form or JSON of ours needs.
DATA_UPLOAD_MAX_MEMORY_SIZE = HTTP_MAX_BYTES = 256 * 1024
# --- the wire --------------------------------------------------------------------------------
WS_AUTH_SECONDS = env.float("WS_AUTH_SECONDS", 30.0)
WS_PING_SECONDS = env.float("WS_PING_SECONDS", 30.0)
WS_PONG_SECONDS = env.float("WS_PONG_SECONDS", 30.0)
NOTIONAL_IDLE_SECONDS = env.float("NOTIONAL_IDLE_SECONDS", 60.0)
WS_MAX_BYTES = env.int("WS_MAX_BYTES", 16_384)
WS_QUEUE_BYTES = env.int("WS_QUEUE_BYTES", 1 << 20)
WS_RATE = env.float("WS_RATE", 5.0)
WS_BURST = env.float("WS_BURST", 20.0)
WS_MAX_PER_USER = env.int("WS_MAX_PER_USER", 20)
WS_MAX_PER_ADDRESS = env.int("WS_MAX_PER_ADDRESS", 200)
LOGIN_RATE = env.str("LOGIN_RATE", "10/15m")

# --- the market ------------------------------------------------------------------------------
FILLS_VENUE = env.str("FILLS_VENUE", "paper")
PRICE_SOURCE = env.str("PRICE_SOURCE", "simulated")
TICK_SECONDS = env.float("TICK_SECONDS", 1.0)
BLOCK_SECONDS = env.float("BLOCK_SECONDS", 5.0)
# How many times as fast governance's clocks run; in development a day takes half a minute.
GOVERNANCE_TIME_SCALE = env.float("GOVERNANCE_TIME_SCALE", 1.0 if IS_PRODUCTION else 2_880.0)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "daphne": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # it logs each URL, and that of a webhook may be a secret
        "uvicorn": {"level": "WARNING"},
    },
}
