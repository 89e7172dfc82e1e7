"""When: Prefect flows and tasks, thin shells around `rasid.app`. Only this room knows Prefect.

A task is a batch, never one article: a task run costs about 100 ms of CPU. Every use-case is idempotent in Rasid's own
database, so a flow run that Prefect starts twice, late or side by side with another does no harm.
"""

import os

# Prefect reads its settings when it is first imported, so this cannot wait: Rasid reports to nobody.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
