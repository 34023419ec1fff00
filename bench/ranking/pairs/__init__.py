"""Pairs of cells counted: every one where they are few, sums by cell where they are many."""
