"""Classifiers in files: trained on named data, saved, read and scored."""
