"""A town in which two months pass in seconds, to see what it was sent and when."""
