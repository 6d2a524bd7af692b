"""Looking at a model file as something that strangers made: licence, origin, template, texts, numbers."""
