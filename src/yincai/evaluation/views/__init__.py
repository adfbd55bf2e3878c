"""Pages of this package, a module a theme."""
