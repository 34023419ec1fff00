"""Cells and blocks as descriptions, and their exact costs."""
