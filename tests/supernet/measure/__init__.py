"""Tests of supernet/measure."""
