"""What Earmark costs, compared with what one would do without it: `make bench`, or `python -m benchmarks [NAME ...]`.

A module of `app`, `queue`, `features` or `handover` measures one thing and registers its rows (see
`benchmarks.measuring.rows.row`). A new row is a new file. Both figures of a row come from one run on one machine in one state:
the ratio is what to look at. The table is written to docs/benchmarks.md. `studies` holds comparisons on labelled corpora, each
with a command of its own. `measuring` holds what the others share.
"""
