"""Tests of bench/search."""
