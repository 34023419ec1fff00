"""Weights: shadow batch norm, supernets, training, calibration, scoring and measurements."""
