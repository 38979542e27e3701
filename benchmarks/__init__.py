"""What Earmark costs, compared with what one would do without it: `make bench`, or `python -m benchmarks [NAME ...]`.

Every module here measures one thing and registers a row (see `harness.row`); a new row is a new file. Both figures of a row come
from one run on one machine in one state: the ratio is what to look at. The table is written to docs/benchmarks.md.
"""
