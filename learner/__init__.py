"""From audio to a ranked queue, and an honest estimate of how good it is.

May import `db`, never `labeler`. A clip passes the rooms in this order: `audio`, `encoders`, `features`, `dataset`, `heads`,
`query`, `evaluation`, `outlook`; `loop` conducts. docs/architecture.md has the map. Every
room may import `learner.arrays`, `learner.array_files`, `learner.progress` and `learner.worker_processes`.
"""

__all__: list[str] = []
