"""Every setting, from the environment, with a default that suits a laptop.

docs/configuration.md explains each variable; a test keeps that page and this file
equal.
"""

from pathlib import Path

import django_stubs_ext
import environ

from smarttrader.lib.cache import database_url
from smarttrader.lib.client_address import networks
from smarttrader.lib.sentry import start_sentry

# Lets Django's classes be written with their types: ModelAdmin[License].
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.FileAwareEnv()
env.read_env(BASE_DIR / ".env")
# What `make run` and `make services` started; given variables win over both files.
env.read_env(VAR_DIR / "services.env")

# --- Identity -------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = env.str("SECRET_KEY", default="laptop-only-" + "0" * 50)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [SITE_URL]
ROOT_URLCONF = "smarttrader.urls"
WSGI_APPLICATION = "smarttrader.wsgi.application"
TEST_RUNNER = "django.test.runner.DiscoverRunner"

INSTALLED_APPS = [
    "smarttrader",
    "smarttrader.lib.admin_config.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "lucide",
    "smarttrader.jobs",
    "accounts",
    "licensing",
    "bots",
    "billing",
    "trading",
    "analytics",
    "notifications",
]

MIDDLEWARE = [
    "smarttrader.middleware.SecurityHeaders",
    "smarttrader.middleware.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "smarttrader.middleware.Probes",
    "smarttrader.middleware.BodyWall",
    "smarttrader.middleware.ApiWall",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "smarttrader.middleware.CompressedPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "smarttrader.middleware.Common",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "smarttrader.middleware.UserLanguage",
    "smarttrader.middleware.UserTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "smarttrader.middleware.WholePageRedirect",
    "accounts.middleware.StaffSecondFactor",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["smarttrader.templatetags.dates"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "smarttrader.context_processors.look",
            ],
        },
    }
]

# --- PostgreSQL and Redis -------------------------------------------------------------
STATEMENT_TIMEOUT_SECONDS = env.int("DATABASE_STATEMENT_TIMEOUT_SECONDS", default=600)
POOL_SIZE = env.int("DATABASE_POOL_SIZE", default=0)
DATABASE_TIMEOUTS = {
    "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s" if POOL_SIZE else "600s",
}
DATABASE_POOL = {
    "min_size": 1,
    "max_size": POOL_SIZE,
    # While the database is away a request waits this long for it, then is told so.
    "timeout": 2,
    # The pause between two tries doubles until then: short, so that the pool is back
    # within two seconds of the database. Who asks for a connection begins anew.
    "reconnect_timeout": 2,
}
DATABASES = {
    "default": {
        **env.db_url(
            "DATABASE_URL", default="postgres://smarttrader@127.0.0.1/smarttrader"
        ),
        "ENGINE": "smarttrader.lib.postgresql",
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 3,
    **DATABASES["default"].get("OPTIONS", {}),
    "options": " ".join(
        f"-c {name}={limit}" for name, limit in DATABASE_TIMEOUTS.items()
    ),
    **({"pool": DATABASE_POOL} if POOL_SIZE else {}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
RATE_LIMITS_DATABASE = 1
_CACHE = {
    # Celery has the database that REDIS_URL names.
    "LOCATION": database_url(REDIS_URL, RATE_LIMITS_DATABASE),
    # A hung Redis costs a request at most both, once in ten seconds.
    "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
}
CACHES = {
    "default": {"BACKEND": "smarttrader.lib.cache.SurvivingCache", **_CACHE},
    "kept": {
        "BACKEND": "smarttrader.lib.cache.ForgetfulCache",
        "KEY_PREFIX": "kept",
        **_CACHE,
    },
}

# --- Celery ---------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
# acks_late alone loses a task whose worker process is killed.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 4 * 3600}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- Tokens ---------------------------------------------------------------------------
# Signs the tokens of bots and users: apart from SECRET_KEY, to be changed alone.
JWT_SIGNING_KEY = env.str("JWT_SIGNING_KEY", default="laptop-only-" + "1" * 50)

# --- User API -------------------------------------------------------------------------
# The EAs' calls set all of this for themselves.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.UserTokenAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["smarttrader.lib.api.throttles.UserThrottle"],
    "DEFAULT_PARSER_CLASSES": ["smarttrader.lib.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["smarttrader.lib.api.renderers.ExactJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": (
        "smarttrader.lib.api.negotiation.AlwaysFirstRenderer"
    ),
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "smarttrader.lib.api.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "smarttrader.lib.problems.handle_exception",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Smart Stock Trader",
    "VERSION": "1",
    "DESCRIPTION": (
        "Licenses, bots, trades and what they amount to, for their owners, resellers "
        "and staff; and the calls of Expert Advisors. Amounts are decimal texts, "
        "moments are ISO 8601 in UTC. Lists are told page by page, newest first. "
        "Refusals are problems (RFC 9457); `code` is stable, for programs."
    ),
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "LicenseType": "licensing.models.LicenseType",
        "LicenseStatus": "licensing.models.LicenseStatus",
        "SubscriptionStatus": "billing.models.SubscriptionStatus",
        "BillingCycle": "billing.models.BillingCycle",
        "BotStatus": "bots.models.BotStatus",
        "BotState": "bots.models.BotState",
        "BotSource": "bots.models.BotSource",
        "CommandName": "bots.models.Command",
        "LogLevel": "bots.models.LogLevel",
        "LogCategory": "bots.models.LogCategory",
        "ActorType": "smarttrader.lib.actors.ActorType",
        "TradeType": "trading.models.TradeType",
        "TradeStatus": "trading.models.TradeStatus",
        "MetricType": "analytics.models.MetricType",
        "NotificationType": "notifications.models.NotificationType",
    },
    "GET_LIB_DOC_EXCLUDES": "smarttrader.openapi.hooks.classes_of_no_story",
    "PREPROCESSING_HOOKS": ["smarttrader.openapi.hooks.only_the_user_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "smarttrader.openapi.hooks.complete",
    ],
}
# Calls a minute.
API_CALLS_PER_USER = env.int("API_CALLS_PER_USER", default=120)
PUBLIC_CALLS_PER_IP = env.int("PUBLIC_CALLS_PER_IP", default=120)

# --- Expert Advisors ------------------------------------------------------------------
EA_HEARTBEAT_SECONDS = env.int("EA_HEARTBEAT_SECONDS", default=60)
# Calls a minute; docs/ea-protocol.md promises the defaults.
EA_CALLS_PER_IP = env.int("EA_CALLS_PER_IP", default=1200)
EA_KEY_CALLS_PER_IP = {"activate": env.int("EA_ACTIVATE_PER_IP", default=60)}
EA_KEY_CALLS_PER_KEY = {
    "activate": env.int("EA_ACTIVATE_PER_KEY", default=60),
    "validate": env.int("EA_VALIDATE_PER_KEY", default=60),
}
EA_CALLS_PER_BOT = {
    "heartbeat": env.int("EA_HEARTBEAT_PER_BOT", default=60),
    "sync": env.int("EA_SYNC_PER_BOT", default=60),
    "trades": env.int("EA_TRADES_PER_BOT", default=120),
    "ticks": env.int("EA_TICKS_PER_BOT", default=120),
    "logs": env.int("EA_LOGS_PER_BOT", default=120),
    "settings": env.int("EA_SETTINGS_PER_BOT", default=30),
}
# Who tries so many unknown keys is locked out; each time for twice as long.
EA_UNKNOWN_KEYS_PER_IP = env.int("EA_UNKNOWN_KEYS_PER_IP", default=10)
EA_UNKNOWN_KEYS_SECONDS = env.int("EA_UNKNOWN_KEYS_SECONDS", default=15 * 60)
EA_LOCK_OUT_SECONDS = env.int("EA_LOCK_OUT_SECONDS", default=60)
EA_LOCK_OUT_LONGEST_SECONDS = env.int("EA_LOCK_OUT_LONGEST_SECONDS", default=3600)

# --- License keys at rest -------------------------------------------------------------
LICENSE_KEYRING_FILE = env.str("LICENSE_KEYRING_FILE", default="")
LICENSE_KEYRING = env.str("LICENSE_KEYRING", default="")

# --- People and sessions --------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.StaffPermissions",
    "accounts.backends.ResellerPermissions",
]
PASSWORD_HASHERS = ["accounts.hashers.CappedBCryptSHA256PasswordHasher"]
HASHES_AT_ONCE = env.int("HASHES_AT_ONCE", default=2)
SIGN_INS_PER_IP = env.int("SIGN_INS_PER_IP", default=10)
SIGN_INS_PER_ACCOUNT = env.int("SIGN_INS_PER_ACCOUNT", default=5)
STAFF_TOTP_REQUIRED = env.bool("STAFF_TOTP_REQUIRED", default=not DEBUG)
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "accounts.validators.MaximumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
# The mail says so: a day.
PASSWORD_RESET_TIMEOUT = 24 * 3600
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PREVENT_ENUMERATION = True
# One address for each user, which a new one replaces once its code was entered.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {"signup": "accounts.forms.SignupForm"}
# A new code, but no other address: only a new account could offer it, and tell itself.
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_SESSION_REMEMBER = None  # the form asks
USERSESSIONS_ADAPTER = "accounts.adapter.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = False
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_TOTP_ISSUER = "Smart Stock Trader"
# allauth remembers a used code for 30 seconds: one that were good for longer could be
# used again (RFC 6238, 5.2).
MFA_TOTP_TOLERANCE = 0

# --- Mail -----------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default="Smart Stock Trader <robot@localhost>"
)

# --- Telegram and webhooks ------------------------------------------------------------
# Of @BotFather; without a token nobody is told by Telegram.
TELEGRAM_BOT_TOKEN = env.str("TELEGRAM_BOT_TOKEN", default="")
TELEGRAM_BOT_NAME = env.str("TELEGRAM_BOT_NAME", default="")
TELEGRAM_API_URL = env.str("TELEGRAM_API_URL", default="https://api.telegram.org")
# Networks that webhooks may lead to although they are not public, also without TLS.
WEBHOOK_PRIVATE_NETWORKS = networks(env.list("WEBHOOK_PRIVATE_NETWORKS", default=[]))

# --- Language and time ----------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "smarttrader.formats"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files and uploads ---------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(VAR_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = DEBUG
STATEMENT_MAX_BYTES = env.int("STATEMENT_MAX_BYTES", default=32 * 1024 * 1024)
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- Payments -------------------------------------------------------------------------
# Without a secret key nothing is paid online: staff and resellers mark it as paid.
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
# Another server that speaks Stripe's API, for tests.
STRIPE_API_URL = env.str("STRIPE_API_URL", default="")
# Who sells, as invoices name them: lines divided by |.
INVOICE_SELLER = env.str("INVOICE_SELLER", default="Smart Stock Trader")

# --- Archive --------------------------------------------------------------------------
# A folder, or the URL of an object store.
ARCHIVE_DIR = env.str("ARCHIVE_DIR", default=str(VAR_DIR / "archive"))
# 0 keeps archives for ever.
ARCHIVE_KEEP_DAYS = env.int("ARCHIVE_KEEP_DAYS", default=0)

# --- Walls ----------------------------------------------------------------------------
# Whose X-Forwarded-For is believed; on a laptop there is no proxy.
TRUSTED_PROXIES = networks(env.list("TRUSTED_PROXIES", default=[]))
# TLS ends at a proxy that sets X-Forwarded-Proto; on a laptop there is none.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^api/", r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_NAME = "sessionid" if DEBUG else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if DEBUG else "__Host-csrftoken"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

# --- Operations -----------------------------------------------------------------------
# Who brings it may read /metrics; without one, only private addresses may.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    start_sentry(SENTRY_DSN)

# --- Logging --------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", default="line" if DEBUG else "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "smarttrader.lib.logs.ScrubbingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
        "json": {"class": "smarttrader.lib.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT},
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    # Django gives these handlers of its own, which scrub nothing: naming them takes
    # the handlers away, and their lines go to the root's.
    "loggers": {
        # They would tell of each sweep, each two seconds; JobRun tells what jobs did.
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "django": {"level": "INFO"},
        "django.server": {"level": "INFO", "propagate": True},
        # A line for each request is for machines.
        "smarttrader.requests": {"level": "INFO" if LOG_FORMAT == "json" else "ERROR"},
    },
}
