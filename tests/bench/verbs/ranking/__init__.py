"""Tests of rankings before they train."""
