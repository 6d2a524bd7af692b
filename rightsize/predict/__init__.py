"""What a model would need and do on a machine, from its shape alone: memory, speed, and how sure that is.
Pure.
"""
