"""Tests of bench/ranking/pairs."""
