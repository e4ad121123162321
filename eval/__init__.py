"""Honest evaluation: accuracy, retrieval, grounding and privacy leaks, with intervals."""
