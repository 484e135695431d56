"""Images in a few large files, which are read at random by offset."""
