"""Write the golden files anew, after a change that is meant to move them.

python -m tests.bless
"""

import json

from tests.supernet.nets import test_cells

GOLDEN = (test_cells,)
"""Test modules with a GOLDEN path and a golden() that measures what it holds."""

if __name__ == "__main__":
    for module in GOLDEN:
        module.GOLDEN.write_text(json.dumps(module.golden(), indent=1) + "\n")
        print(module.GOLDEN)
