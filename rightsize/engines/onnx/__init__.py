"""ONNX models through ONNX Runtime: encoders that classify texts or tokens, and decoders with a KV cache."""
