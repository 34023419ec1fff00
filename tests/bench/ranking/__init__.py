"""Tests of bench/ranking."""
