"""Tests of bench/network."""
