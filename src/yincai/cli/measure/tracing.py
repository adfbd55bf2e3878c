"""`yincai measure tracing`."""
