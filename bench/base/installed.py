"""The installed commands: each imports its module where Ctrl-C is heard already."""

from __future__ import annotations

from bench.base.start import run_module


def measure() -> int:
    """Run `mixpath-measure`."""
    return run_module("bench.measure")


def networks() -> int:
    """Run `mixpath-networks`."""
    return run_module("bench.mixpath")


def proxies() -> int:
    """Run `mixpath-proxies`."""
    return run_module("bench.proxies")


def rank() -> int:
    """Run `mixpath-rank`."""
    return run_module("bench.rank")


def ranking() -> int:
    """Run `mixpath-ranking`."""
    return run_module("bench.run")


def table() -> int:
    """Run `mixpath-table`."""
    return run_module("bench.table_command")


def truth() -> int:
    """Run `mixpath-truth`."""
    return run_module("bench.truth")
