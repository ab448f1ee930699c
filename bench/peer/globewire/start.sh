#!/bin/bash
# Starts the gateway with one account and one carrier. RUN: its folder; BINDS: how many binds; KEEP=1: on what is left in RUN;
# STORE: default (SQLite in RUN). Writes its pid to $RUN/pids. API on 28018, SMSC expected on 22775, receipts pushed to 28080.
set -euo pipefail
RUN=${RUN:-/tmp/bench-run/globewire} BINDS=${BINDS:-1} KEEP=${KEEP:-0} STORE=${STORE:-default}
root=$(cd "$(dirname "$(readlink -f "$0")")/../../.." && pwd)
[ "$STORE" = default ] || { echo "no such store: $STORE" >&2; exit 2; }
[ "$KEEP" = 1 ] || rm -rf "$RUN"
mkdir -p "$RUN"
cat >"$RUN/globewire.toml" <<CONFIGURATION
[api]
listen = "127.0.0.1:28018"

[hold]
url = "sqlite://$RUN/globewire.db"

[callbacks]
allow_private = true

[[account]]
id = "bench"
callback = "http://127.0.0.1:28080/push"
quota = { SendMessageToGlobe = 100000 }

[[account.key]]
id = "benchkeyid"
secret = "benchkeysecret"

[[carrier]]
id = "sink"
host = "127.0.0.1"
port = 22775
system_id = "bench"
password = "bench"
binds = $BINDS
window = 100

[[route]]
carriers = ["sink"]
on_unknown = "resend"
CONFIGURATION
cd "$RUN"
"$root/.venv/bin/globewire" serve --config "$RUN/globewire.toml" >>"$RUN/globewire.log" 2>&1 &
echo $! >"$RUN/pids"
