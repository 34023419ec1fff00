"""Tests of supernet."""
