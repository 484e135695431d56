"""Pipelines of Albumentations as policies, and policies as its dictionaries."""
