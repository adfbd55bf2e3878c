"""Static files: hashed names, so that browsers may keep them for ever."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Falls back to the plain name before `collectstatic` has run (tests, tools)."""

    manifest_strict = False
