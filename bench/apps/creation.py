"""`python -m bench.apps.creation`: how long making the application takes, in seconds of CPU, without imports."""

import time

from bench.apps.service import create

if __name__ == "__main__":
    started = time.process_time()
    create(database_url="sqlite:///unused.db")
    print(time.process_time() - started)
