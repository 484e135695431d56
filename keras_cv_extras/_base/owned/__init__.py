"""Which folders are this library's own, and may be written to."""
