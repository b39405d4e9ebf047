"""One adapter for each place where residents write."""
