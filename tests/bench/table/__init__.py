"""Tests of bench/table."""
