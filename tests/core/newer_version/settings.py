"""A later version of the platform, whose second migration fails unless NEWER_VERSION_WORKS is set."""

from __future__ import annotations

from yincai.config.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.core.newer_version"]  # noqa: F405
