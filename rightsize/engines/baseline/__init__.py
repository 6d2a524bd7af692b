"""Classical methods that need no language model: each file one engine, measured like any other."""
