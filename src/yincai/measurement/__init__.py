"""Pure numerics: no Django, no files, no clock, no randomness that is not handed in."""
