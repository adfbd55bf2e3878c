"""The product's settings, with one more address: the empty page that is the floor."""

from __future__ import annotations

from yincai.config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.answering.urls"
