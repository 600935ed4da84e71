"""
Logs of well-known programs, written without a look at how the miner works, and looked into since.

Rules were changed because of what these show: their figures say less of logs that nobody has seen than those of
`bench.unseen`.

Each statement is one format string of the program, from memory. Half of the logs stand as the program writes them, with
time and process in front; from the others that header is taken, as most readers of logs do. The slots of a statement
are filled one by one, so that values may meet that would rarely do so in life.
"""

from __future__ import annotations

from bench.fresh_brokers import BROKERS
from bench.fresh_platforms import PLATFORMS
from bench.fresh_servers import SERVERS
from bench.fresh_stores import STORES
from bench.generated import Statements

FRESH: dict[str, Statements] = {**STORES, **BROKERS, **SERVERS, **PLATFORMS}
