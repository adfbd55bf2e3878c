"""`yincai measure audit`."""
