"""Yincai 因材: one loop from teaching and learning, through measurement, to decisions and back."""

__version__ = "0.1.0"
