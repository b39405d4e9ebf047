"""What is taught: the content folder read into one immutable library."""
