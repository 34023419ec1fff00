"""Tests of supernet/data."""
