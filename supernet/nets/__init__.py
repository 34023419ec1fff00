"""Supernets, and the networks taken out of them."""
