"""Models from the Hugging Face hub: what a repository holds, which of its files are meant, and getting them."""
