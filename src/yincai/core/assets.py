"""Static files: hashed names, so that browsers may keep them for ever."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    """Falls back to the plain name before `collectstatic` has run (tests, tools)."""

    manifest_strict = False
