"""Layers that augment images in a model: ops, policies, mixes, crops."""
