"""
Generated logs that no rule of the miner was made for: written before its last change, and never looked into since.

Their figures are reported beside the others. Once a rule is changed because of what one of these shows, that log
belongs into `bench.later`.
"""

from __future__ import annotations

from bench.generated import Statements

UNSEEN: dict[str, Statements] = {
    "broker": [
        (
            120,
            "[Log partition={word:12}-{int:30}, dir=/var/spool/broker] Rolled new log segment at offset {int} in "
            "{int:40} ms.",
        ),
        (80, "[Coordinator {int:9}]: Member {word:20}-{uuid} in group {word:15} has left, removing it from the group"),
        (80, "[Coordinator {int:9}]: Stabilized group {word:15} generation {int:400} (offsets-{int:49})"),
        (60, "[Replica {int:9}] Leader for partition {word:12}-{int:30} is now broker {int:9}"),
        (60, "[Replica {int:9}] Shrinking in-sync replicas of {word:12}-{int:30} from {numbers:,} to {int:9}"),
        (40, "Connection to node {int:9} ({host}/{ip}:9092) could not be established. Node may not be available."),
        (20, "[Controller] Broker {int:9} failed"),
        (20, "[Controller] Broker {int:9} started"),
        (10, "Shutting down."),
    ],
    "web-framework": [
        (150, '"GET {path} HTTP/1.1" 200 {int}'),
        (60, '"GET {path} HTTP/1.1" 404 {int}'),
        (60, "Not Found: {path}"),
        (60, "Bad Request ({any:origin|referer|token|cookie} check failed)"),
        (40, "Watching for file changes with {any:StatReloader|WatchmanReloader}"),
        (40, "Applying {word:20}.000{int:9}_{word:30}... OK"),
        (30, "Worker (pid:{int}) was sent SIGKILL! Perhaps out of memory?"),
        (30, "Worker exiting (pid: {int})"),
        (30, "Booting worker with pid: {int}"),
        (20, "Internal Server Error: {path}"),
        (20, "Invalid HTTP_HOST header: '{host}'. You may need to add '{host}' to the allowed hosts."),
    ],
    "training": [
        (200, "Epoch {int:99}/100 step {int} loss={float:4} acc={float:1} lr={float:1} eta={duration}"),
        (60, "Saving checkpoint to {path:.ckpt}"),
        (60, "Evaluation on {any:validation|test|holdout} set: accuracy {float:1}, f1 {float:1}"),
        (30, "Validation loss improved from {float:4} to {float:4}"),
        (30, "Validation loss did not improve from {float:4}"),
        (20, "GPU {int:7}: memory {int} MiB / {int} MiB, utilization {int:99}%"),
        (20, "Loaded dataset {word:15} with {int} samples in {float} s"),
        (10, "Early stopping after {int:99} epochs"),
        (10, "Gradient overflow. Skipping step, loss scaler reducing loss scale to {float:9}"),
    ],
    "systemd": [
        (80, "Started {any:Session c12 of user|Session 4 of user|Session c7 of user} {word:12}."),
        (60, "Created slice User Slice of UID {int:2000}."),
        (60, "{word:20}.service: Main process exited, code=exited, status={int:9}/FAILURE"),
        (60, "{word:20}.service: Failed with result 'exit-code'."),
        (60, "{word:20}.service: Scheduled restart job, restart counter is at {int:99}."),
        (60, "{word:20}.service: Succeeded."),
        (60, "{word:20}.service: Consumed {float}s CPU time."),
        (40, "Reached target Network."),
        (40, "Reached target Multi-User System."),
        (30, "Mounting {path}..."),
        (30, "Mounted {path}."),
        (10, "Reloading."),
    ],
    "backup": [
        (100, "snapshot {hex:8} of [{path} {path}] saved by {word:8}@{word:9}"),
        (80, "processed {int} files, {float} GiB in {int:59}:{int:59}"),
        (60, "Added to the repository: {float} MiB ({float} MiB stored)"),
        (60, "unchanged {path}, {int} bytes"),
        (60, "modified  {path}, saved in {float}s ({int} B added)"),
        (60, "new       {path}, saved in {float}s ({int} B added)"),
        (20, "error: lstat {path}: no such file or directory"),
        (20, "error: open {path}: permission denied"),
        (20, "repository {hex:8} opened (version {int:2}, compression level {any:auto|max|off|fastest})"),
        (10, "lock of process {int} is stale, removing it"),
    ],
    "voice": [
        (80, "INVITE sip:{int}@{ip}:5060 from {word:40} ({ip})"),
        (80, "Call {token:16} answered after {int:30} s, codec {any:PCMU|PCMA|G722|OPUS}"),
        (80, "Call {token:16} ended: normal clearing, duration {int:3600} s"),
        (30, "Call {token:16} ended: user busy, duration 0 s"),
        (30, "Call {token:16} ended: no answer, duration 0 s"),
        (60, "Registered '{word:60}' at {ip}:{int:60000} expires {int:3600}"),
        (60, "Unregistered '{word:60}'"),
        (30, "jitter on channel {word:5}/{int:99} is {float} ms (limit {int:50} ms)"),
        (20, "trunk {any:north|south|east|west} is down"),
        (20, "trunk {any:north|south|east|west} is up"),
    ],
    "infrastructure": [
        (60, "{word:9}_instance.{word:20}: Creating..."),
        (60, "{word:9}_instance.{word:20}: Still creating... [{int:9}0s elapsed]"),
        (60, "{word:9}_instance.{word:20}: Creation complete after {int:99}s [id=i-{hex:17}]"),
        (40, "{word:9}_instance.{word:20}: Refreshing state... [id=i-{hex:17}]"),
        (40, "{word:9}_instance.{word:20}: Destruction complete after {int:99}s"),
        (20, "Plan: {int:40} to add, {int:40} to change, {int:40} to destroy."),
        (20, "Apply complete! Resources: {int:40} added, {int:40} changed, {int:40} destroyed."),
        (20, "Acquiring state lock. This may take a few moments..."),
        (20, "Releasing state lock. This may take a few moments..."),
        (10, "Error: creating instance: quota {word:9} exceeded in region {any:eu-west1|us-east4|asia-south2}"),
    ],
    "pipeline": [
        (80, "stage={any:extract|load|join|dedupe|enrich|publish} rows_in={int} rows_out={int} seconds={float}"),
        (60, "task {word:30} succeeded on try {int:3}"),
        (60, "task {word:30} failed on try {int:3}: exit code {int:255}"),
        (60, "waiting for file {path:.parquet} (poke {int:99})"),
        (60, "table {word:9}.{word:30} has {int} rows, {int:99} columns"),
        (40, "schema of {word:9}.{word:30} changed: column {word:40} added"),
        (40, "schema of {word:9}.{word:30} changed: column {word:40} dropped"),
        (30, "run {time} of {word:12} finished with state success"),
        (30, "run {time} of {word:12} finished with state failed"),
        (20, "null key in {int} of {int} rows of {word:9}.{word:30}"),
    ],
}
