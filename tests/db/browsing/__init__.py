"""Tests of `db.browsing`."""
