"""Oracles: which policy is tried next."""
