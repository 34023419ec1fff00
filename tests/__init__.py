"""Tests: oracles, properties, golden values and traps, mirroring the three packages."""
