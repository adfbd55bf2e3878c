"""`yincai measure diagnosis`."""
