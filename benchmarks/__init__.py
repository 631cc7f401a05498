"""Side by side against peers, in one run: ``python -m benchmarks``, which is ``make bench``.

Every suite is a module with ``measure(settings)``, which returns what goes into ``results/<name>.json``, and
``tell(document)``, which makes ``results/<name>.md`` of it.
"""

import os

# The profiler that counts memory otherwise says when it starts and stops, at every point measured.
os.environ.setdefault("KINETO_LOG_LEVEL", "99")
