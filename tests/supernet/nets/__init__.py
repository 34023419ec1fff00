"""Tests of supernet/nets."""
