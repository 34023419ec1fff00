"""Tests of bench/ranking/given."""
