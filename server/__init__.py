"""How it is served: the Starlette app, settings, GraphiQL, and the commands."""

import gc

__version__ = "0.1.0"

# Neither what is imported nor requests leave circles behind, but both hold much at a time. Lower, it would set off
# collections one after the other, of which a start had a seventh of its time.
gc.set_threshold(100_000, 10, 10)
