"""How it is served: the Starlette app, settings, GraphiQL, and the commands."""

__version__ = "0.1.0"
