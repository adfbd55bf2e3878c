"""`yincai measure errors`."""
