"""Measures what a request costs its server: CPU time, side by side, in rounds that are repeated when they disagree."""
