"""The programme report."""
