"""Whether this is the long run."""

import os

PROVE = bool(os.environ.get("SP_PROVE"))
