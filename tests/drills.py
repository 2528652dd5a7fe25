"""How long the drills are: short in every run of the suite, long by `make drills`."""

import os

SECONDS = float(os.environ.get("DRILL_SECONDS", "10"))  # that people act at once
ROUNDS = int(os.environ.get("DRILL_ROUNDS", "1"))  # of every crash
IS_WHOLE_HISTORY = os.environ.get("DRILL_HISTORY") == "whole"
