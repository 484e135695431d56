"""Image files: found, decoded, and read in memory or as a stream."""
