"""
Generated logs that no rule of the miner was made for: written after its last change, and never looked into.

Their figures are reported beside the others. Once a rule is changed because of what one of these shows, that log
belongs into `bench.last`.
"""

from __future__ import annotations

from bench.generated import Statements

UNSEEN: dict[str, Statements] = {
    "ferry": [
        (100, "sailing {int} to {any:Dover|Calais|Harwich} cast off with {int:900} passengers, {int:200} cars"),
        (80, "sailing {int} to {any:Dover|Calais|Harwich} docked at berth {int:9}"),
        (60, "booking {token:8} changed by {word:40}: {any:date|cabin|vehicle|meal}"),
        (40, "booking {token:8} cancelled by {word:40}"),
        (40, "ramp {any:bow|stern|side} lowered"),
        (40, "ramp {any:bow|stern|side} raised"),
        (20, "wave height {float:9} m at buoy {hex:4}"),
        (10, "sailing {int} cancelled: storm"),
        (10, "sailing {int} cancelled: strike"),
    ],
    "hospital-lift": [
        (120, "car {any:A|B|C|D} moved from floor {int:12} to floor {int:12} in {float:30} s"),
        (60, "car {any:A|B|C|D} door held open by {any:badge|button|obstacle}"),
        (40, "car {any:A|B|C|D} out of service"),
        (40, "car {any:A|B|C|D} back in service after {int:90} min"),
        (40, "badge {hex:8} of {word:50} granted {any:ward|theatre|pharmacy|store}"),
        (40, "badge {hex:8} of {word:50} denied"),
        (20, "brake test passed, slip {float:3} mm"),
        (10, "brake test failed, slip {float:9} mm"),
    ],
    "task-queue": [
        (100, "task {word:30} queued with priority {any:low|normal|high|urgent}, {int:90} ahead"),
        (100, "task {word:30} picked by worker {word:9}-{int:30}"),
        (60, "task {word:30} returned {any:OK|RETRY|SKIPPED} after {int:9000} ms"),
        (40, "task {word:30} timed out after {int:900} s"),
        (40, "worker {word:9}-{int:30} joined pool {any:cpu|gpu|io}"),
        (40, "worker {word:9}-{int:30} left pool {any:cpu|gpu|io}"),
        (20, "schedule of {word:30} is invalid: bad minute"),
        (20, "schedule of {word:30} is invalid: bad weekday"),
    ],
    "weather": [
        (
            100,
            "station={hex:4} temp={float:40} wind={float:30} dir={any:N|NE|E|SE|S|SW|W|NW} sky={any:clear|cloudy|rain}",
        ),
        (60, "station {hex:4} silent for {int:90} min, using {any:neighbour|model|climate} values"),
        (40, "radar {word:6} swept {int:360} degrees, {int} echoes"),
        (40, "warning level {any:yellow|orange|red} issued for {word:25}"),
        (40, "warning lifted for {word:25}"),
        (20, "model run {time} finished in {duration}"),
        (20, "model run {time} diverged at step {int}"),
    ],
    "translator": [
        (100, "job {uuid} from {any:en|de|fr|ja} to {any:es|it|pl} took {int:900} ms, {int} tokens"),
        (60, "job {uuid} rejected: {any:quota|length|language}"),
        (40, "glossary {word:20} loaded, {int} terms"),
        (40, "glossary {word:20} has a conflict at line {int}"),
        (40, "model {any:tiny|base|large} warmed up on device {int:8}"),
        (20, "cache of {word:9} evicted {int} entries ({size})"),
        (20, "memory of device {int:8} is low: {int} MB"),
    ],
}
