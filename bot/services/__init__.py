"""One use case each, on one transaction that the caller owns."""
