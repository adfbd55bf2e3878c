"""`yincai measure irt`."""
