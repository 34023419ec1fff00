"""Tests of bench.scores."""
