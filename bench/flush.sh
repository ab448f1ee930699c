#!/bin/sh
# Show with strace that a reply's bytes leave only after its message was written to the disk and that write was flushed.
#
# bench/flush.sh [MESSAGES] runs a gateway on a new database under strace, sends so many messages (200) over eight connections,
# and has flush.py look at each of them in the trace. GATEWAY may be another build's command. Exit code 1 where one is not so.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-$here/../.venv/bin/python}
command -v strace >/dev/null || { echo "flush.sh: needs strace (Debian's package strace)" >&2; exit 2; }

folder=$(mktemp -d)
gateway=
end() {
    if [ -n "$gateway" ]; then kill "$gateway" 2>/dev/null || :; fi
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT TERM

cat >"$folder/globewire.toml" <<'TOML'
[api]
listen = "127.0.0.1:0"

[[account]]
id = "bench"
quota = { SendMessageToGlobe = 100000 }
key = [{ id = "benchkeyid", secret = "benchkeysecret" }]
TOML
cd "$folder"
# -D: strace is beside the gateway, not above it, so that the gateway can be told to stop.
# shellcheck disable=SC2086
strace -D -f -y --seccomp-bpf -s 5000 -o trace \
    -e trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,fsync,fdatasync \
    ${GATEWAY:-$python -m globewire} --config globewire.toml serve --json >first &
gateway=$!
for _ in $(seq 300); do
    [ -s first ] && break
    sleep 0.1
done
port=$(sed -n 's/.*"api": *"[^"]*:\([0-9]*\)".*/\1/p' first)
"$python" "$here/load.py" --port "$port" --n "${1:-200}" --connections 8
kill "$gateway"
wait "$gateway" || :
for _ in $(seq 100); do
    tail -n 1 trace | grep -q '^[0-9]* *+++ exited' && break
    sleep 0.1
done
gateway=
"$python" "$here/flush.py" trace "${1:-200}"
