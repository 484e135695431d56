"""The networks themselves, one family a file, and the blocks that they share."""
