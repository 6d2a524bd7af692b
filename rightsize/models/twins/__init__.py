"""Shape twins: GGUF files with a model's exact tensors, types and metadata, and random weights."""
