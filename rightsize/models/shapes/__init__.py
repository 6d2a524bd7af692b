"""What decides a model's speed and memory: its shape, the tensors and metadata that follow from it, its mix."""
