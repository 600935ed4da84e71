"""
Generated logs that no rule of the miner was made for: written after its last change, and never looked into.

Their figures are reported beside the others. Once a rule is changed because of what one of these shows, that log
belongs into `bench.last`.
"""

from __future__ import annotations

from bench.generated import Statements

UNSEEN: dict[str, Statements] = {
    "library": [
        (100, "copy {int} of '{word:30} {word:30}' lent to reader {int} until {time}"),
        (80, "copy {int} returned by reader {int}, {int:30} days late"),
        (60, "reader {int} ({word:50}) reserved '{word:30} {word:30}'"),
        (40, "reservation {int} expired"),
        (40, "fine of {float:9} EUR for reader {int}: book lost"),
        (40, "fine of {float:9} EUR for reader {int}: returned late"),
        (20, "catalogue import from {host}: {int} new, {int} changed, {int} failed"),
        (10, "branch {word:6} opens in {int:60} minutes"),
    ],
    "rail": [
        (120, "train {any:IC|RE|S}{int:900} entered block {word:9}.{int:40}"),
        (120, "train {any:IC|RE|S}{int:900} cleared block {word:9}.{int:40} after {int:900} s"),
        (60, "signal {hex:4} of {word:12} set to {any:stop|proceed|caution}"),
        (40, "switch {int:99} at {word:12} moved to {any:left|right} in {int:9}00 ms"),
        (30, "switch {int:99} at {word:12} did not move: motor current {float:20} A"),
        (40, "timetable {time} loaded for line {word:9}"),
        (20, "radio cell {hex:6} unreachable since {int:90} s"),
    ],
    "warehouse": [
        (100, "robot {word:20} picked {int:9} of sku {token:9} from shelf {any:A|B|C|D}-{int:99}"),
        (80, "robot {word:20} charging, {int:99}%"),
        (60, "robot {word:20} blocked at ({int:99}, {int:99}) by {any:pallet|person|robot|unknown object}"),
        (60, "order {int} packed into {int:9} boxes, {float:30} kg"),
        (60, "label {token:18} printed at station {word:5}"),
        (30, "scan of {token:18} failed at station {word:5}: unreadable"),
        (30, "scan of {token:18} failed at station {word:5}: not in order"),
        (20, "shift {any:early|late|night} began with {int:30} robots"),
    ],
    "telescope": [
        (100, "slewing to ra={float:24} dec={signed:90} for target {word:40}"),
        (100, "exposure {int} of target {word:40} finished: {float:300} s, filter {any:u|g|r|i|z}, seeing {float:3}"),
        (40, "guide star lost, rms {float:9} arcsec"),
        (40, "guide star found at x={float:2000} y={float:2000}"),
        (30, "dome closed: wind {float:30} m/s"),
        (30, "dome closed: humidity {int:99}%"),
        (20, "dome opened"),
        (20, "calibration frame {path:.fits} written ({size})"),
    ],
    "clinic": [
        (80, "message ADT^{any:A01|A03|A08|A11} from {word:9} acknowledged with {any:AA|AE|AR}"),
        (80, "study {uuid} stored: modality {any:CT|MR|US|XR}, {int:900} images"),
        (60, "query by {any:RADIO1|WARD7|ARCHIVE|GATE} returned {int:90} matches in {int:900} ms"),
        (40, "association with {any:RADIO1|WARD7|ARCHIVE|GATE} rejected: unknown title"),
        (40, "association with {any:RADIO1|WARD7|ARCHIVE|GATE} released"),
        (20, "worklist refreshed, {int:90} entries"),
        (20, "volume {path} is {int:99}% full"),
    ],
}
