"""Searching a space with a trained supernet."""
