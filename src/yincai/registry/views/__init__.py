"""Pages of this package, a module a theme; urls_*.py name them."""
