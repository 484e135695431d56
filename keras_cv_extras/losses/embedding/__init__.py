"""Losses of embeddings: which samples should be close, and which apart."""
