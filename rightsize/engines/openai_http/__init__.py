"""Any server that speaks OpenAI's HTTP API, here or elsewhere, through httpx and server-sent events."""
