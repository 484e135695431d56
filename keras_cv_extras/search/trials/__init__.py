"""Trials: how a policy is trained and scored."""
