"""The parts of tests/run.py: cases (what to run), session (running it), verdict (judging it)."""
