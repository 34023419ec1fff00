"""Figures of searching a supernet: fronts, NSGA-II's lead, and what it costs."""
