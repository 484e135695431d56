"""Pooling layers that Keras lacks."""
