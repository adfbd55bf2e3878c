"""All settings, in one file. Every variable is named in docs/reference/settings.md (a test holds that)."""

from __future__ import annotations

import os
from pathlib import Path

from yincai.config import env
from yincai.core import home

HOME: Path = home.folder()
home.make_folders()
DATABASE_URL = env.text("DATABASE_URL", "")
home.make_key(env.server_of(DATABASE_URL), lambda: env.holds_a_city(DATABASE_URL))

SECRET_KEY = home.derive("django").hex()
DEBUG = env.flag("YINCAI_DEBUG", False)
ALLOWED_HOSTS = env.words("YINCAI_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("YINCAI_ORIGINS", "")
HTTPS = env.flag("YINCAI_HTTPS", False)

INSTALLED_APPS = [
    "yincai.portal",
    "yincai.evaluation",
    "yincai.learning",
    "yincai.knowledge",
    "yincai.indicators",
    "yincai.records",
    "yincai.registry",
    "yincai.core",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "yincai.core.middleware.ContentPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "yincai.core.middleware.ActingUser",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "yincai.registry.signin.FirstThings",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "yincai.config.urls"
WSGI_APPLICATION = "yincai.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "yincai.core.context.shell",
            ],
            "builtins": ["yincai.core.templatetags.parts"],
        },
    }
]

FORM_RENDERER = "yincai.core.forms.Renderer"

if DATABASE_URL:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            **env.postgres(DATABASE_URL),
            "CONN_MAX_AGE": 600,
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": home.database_file(),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                    "PRAGMA cache_size=-32000; PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;"
                ),
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "core.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "yincai.registry.hashers.FirstPasswordHasher",  # printed first passwords, until the first sign-in
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "yincai.registry.signin.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_FORMS = {
    "login": "yincai.registry.forms_signin.LoginForm",
    "reauthenticate": "yincai.registry.forms_signin.ConfirmForm",
}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = False  # django-axes locks, on account and address together
MFA_ADAPTER = "yincai.registry.signin.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Yincai"
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
MFA_FORMS = {"authenticate": "yincai.registry.forms_signin.SecondFactorForm"}
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = "yincai.registry.locks.failure_limit"
AXES_USERNAME_CALLABLE = "yincai.registry.locks.username_of"
AXES_LOCKOUT_CALLABLE = "yincai.registry.locks.locked_out"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # who tries on in a pause does not lengthen it
AXES_SENSITIVE_PARAMETERS = ["login", "username", "code", "csrfmiddlewaretoken", "old", "new", "again"]
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "yincai.core.middleware.client_address"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if HTTPS else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = env.text("YINCAI_TIME_ZONE", "Asia/Shanghai")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
MEDIA_ROOT = HOME / "media"
LAKE = HOME / "lake"
AUDIT_ANCHORS = Path(env.text("YINCAI_AUDIT_ANCHORS", str(HOME / "audit" / "anchors.log")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "yincai.core.assets.Storage"},
}
WHITENOISE_MAX_AGE = 300

TASKS = {
    "default": {
        "BACKEND": "django_tasks_db.DatabaseBackend",
        "QUEUES": ["default", "long"],
        "ENQUEUE_ON_COMMIT": True,
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"dated": {"format": "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler"},
        "file": {
            "class": "logging.handlers.WatchedFileHandler",  # several processes append; logrotate may move it
            "filename": HOME / "logs" / "yincai.log",
            "delay": True,
            "formatter": "dated",
        },
    },
    "root": {"handlers": ["console", "file"], "level": env.text("YINCAI_LOG_LEVEL", "WARNING")},
}

HOME_PAGE = env.text("YINCAI_HOME_PAGE", "https://yincai.invalid")  # how statements name this installation
AI_LABEL_PRODUCER = env.text("YINCAI_AI_PRODUCER", "yincai")
os.environ.setdefault("OMP_NUM_THREADS", "2")
