"""Workers: processes that share the trials of one search."""
