"""Tests of bench/table/sources."""
