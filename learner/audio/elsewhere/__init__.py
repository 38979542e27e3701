"""Audio that is not on a disk of this machine: from the address of an object to a local file, by `fsspec`.

`learner.audio.decoding` opens every file; where a clip's path is an address, it takes the file from here, so that nothing else
needs to know. `fsspec`, and what it fetches with, are loaded only once there is such an address. May import `db.errors`,
`learner.audio.address`, `learner.audio.reader` and `learner.user_cache`.
"""
