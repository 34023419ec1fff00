"""Tests of supernet/speed."""
