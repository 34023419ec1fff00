"""Columns that several files share."""

from __future__ import annotations

from bench.runs.schemas.model import Column

TEXT = Column("str")
CELL_HASH = Column("str", pattern="[0-9a-f]{32}")
CALIBRATED = Column("calibrated")
M = Column("int", low=0)
"""Largest number of summed paths; 0 of scores from elsewhere, whose cells have no such bound."""
SEED = Column("int", low=0)
EPOCH = Column("int", low=1)
INDEX = Column("int", low=0)
COUNT = Column("int", low=0)
POSITIVE = Column("int", low=1)
ACCURACY = Column("float", low=0, high=1)
LOSS = Column("float", low=0, nullable=True)
NON_NEGATIVE = Column("float", low=0)
NUMBER = Column("float", nullable=True)
SPREAD = Column("float", low=0, nullable=True)
SHARE = Column("float", low=0, high=1, nullable=True)
CORRELATION = Column("float", low=-1, high=1, nullable=True)
DIFFERENCE = Column("float", low=-2, high=2, nullable=True)
