"""How Earmark is watched by those who run it: logs that programs read, and figures for Prometheus.

Imports nothing of Earmark but `db`.
"""
