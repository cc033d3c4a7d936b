"""The same jobs in other libraries, each in an environment of its own, as their needs contradict each other.

Every program takes the same words (see `bench.peers.program`), and imports nothing of ours but that.
"""
