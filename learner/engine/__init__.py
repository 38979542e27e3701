"""Encoding on many processes or machines: Dask schedules, retries and ships; this room says what, and puts its failures in words.

May import encoders and what these import; knows neither projects nor features.
"""
