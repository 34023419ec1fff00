"""Tests of bench/config."""
