"""Measurements of handing over: how long a large export takes, and how much memory."""
