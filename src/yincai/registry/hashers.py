"""How first passwords are hashed."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class FirstPasswordHasher(PBKDF2PasswordHasher):
    """Fewer rounds for printed first passwords, so that a class takes seconds: they are random (about 35 bits), live
    until the first sign-in, and that sign-in hashes anew with the full number of rounds."""

    algorithm = "pbkdf2_sha256_first"
    iterations = 100_000
