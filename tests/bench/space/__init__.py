"""Tests of bench/space."""
