"""Tests of zero-cost proxies."""
