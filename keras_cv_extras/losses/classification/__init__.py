"""Losses of classes: stable, for imbalanced classes, for noisy labels."""
