"""Tests of bench/base."""
