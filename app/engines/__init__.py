"""Engines: pure analysis and generation, free of the web framework, the database and the rest of the service."""
