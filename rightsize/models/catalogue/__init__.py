"""Which models there are: what ships in ``data/``, and what users add in ``model_catalogue/``."""
