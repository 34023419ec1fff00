"""Tests of supernet/training."""
