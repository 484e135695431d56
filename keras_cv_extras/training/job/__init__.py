"""A whole training in a folder: data, network, checkpoints, scores and a report."""
