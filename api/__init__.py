"""The HTTP API and the command line; `api.app` is the composition root."""
