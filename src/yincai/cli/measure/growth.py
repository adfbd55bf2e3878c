"""`yincai measure growth`."""
