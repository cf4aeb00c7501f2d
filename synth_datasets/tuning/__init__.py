"""Tuning: a small model of one's own machine learns from real rows how the texts of a spec are written."""
