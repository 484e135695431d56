"""Stages of a search, from its request and its plan to the final training."""
