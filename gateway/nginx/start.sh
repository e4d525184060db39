#!/bin/sh
# Start nginx, and tell it once a second what it does not see by itself:
# - whom to ask for the replicas of a page: the service `discovery`, which leaves out those that are not well, where there is
#   one; the DNS of this machine else. nginx reads an address when it starts and when it is told to
#   (https://nginx.org/en/docs/http/ngx_http_core_module.html#resolver);
# - whether there is room for what it keeps: it cuts an answer off that it cannot write down.
set -eu

GONE_AFTER=30 # seconds without a discovery: until then nginx keeps the replicas that it has
MOST_WORKERS=8
CONNECTIONS=8192 # of all workers together; a request to a page takes two
LEAST_ROOM=4096 # KiB; above it, since nginx is told late

# How long an answer holds: discovery says so itself (not at all, and nginx asks once a second); the others' own word is too long.
local_resolvers="$(awk '$1 == "nameserver" {print ($2 ~ /:/) ? "[" $2 "]" : $2}' /etc/resolv.conf | xargs) valid=1s"

discovery() { [ -z "$GATEWAY_DISCOVERY" ] || getent ahostsv4 "$GATEWAY_DISCOVERY" | awk 'NR == 1 {print $1 ":5353"}'; }

ask() { printf 'resolver %s;\n' "$1" >/tmp/resolver.conf; }

look_for_room() {
  room=$(df --output=avail -k /var/cache/portico | tail -n 1)
  if [ "$room" -lt "$LEAST_ROOM" ]; then touch /tmp/no-room; else rm -f /tmp/no-room; fi
}

follow() {
  asked=$1 missing=0
  while sleep 1; do
    look_for_room || true
    found=$(discovery)
    if [ -n "$found" ]; then missing=0; else missing=$((missing + 1)); fi
    [ "$missing" -lt "$GONE_AFTER" ] || found=$local_resolvers
    if [ -n "$found" ] && [ "$found" != "$asked" ]; then
      ask "$found" && nginx -c /tmp/nginx.conf -s reload && asked=$found || true
    fi
  done
}

# A reload has twice as many for a while, and the container's limits are the same on a machine of many cores.
if [ "$GATEWAY_WORKERS" = auto ]; then
  cores=$(nproc)
  GATEWAY_WORKERS=$((cores < MOST_WORKERS ? cores : MOST_WORKERS))
  export GATEWAY_WORKERS
fi
# nginx wants an address; nobody connects from this one.
[ "$GATEWAY_TRUSTED_PROXY" != none ] || GATEWAY_TRUSTED_PROXY=0.0.0.0/32
case "$GATEWAY_TRUSTED_PROXY" in
  *[!0-9a-fA-F.:/]*)
    echo "gateway: GATEWAY_TRUSTED_PROXY = '$GATEWAY_TRUSTED_PROXY': must be one address or network, such as 10.0.0.0/8, or none" >&2
    exit 78
    ;;
esac
export GATEWAY_TRUSTED_PROXY
case "$GATEWAY_START_SECONDS" in
  "" | *[!0-9]*)
    echo "gateway: GATEWAY_START_SECONDS = '$GATEWAY_START_SECONDS': must be a whole number of seconds" >&2
    exit 78
    ;;
esac
touch /tmp/started  # health.sh
# What a client can make nginx hold before any limit counts it: 4 KB + 2 * 16 KB of an unfinished request's headers, and 1 KB
# of the connection. All connections in this state: 8,192 * 37 KB = 296 MB. Beside them the tmpfs (64 + 48 + 48 MB when full) and
# the workers themselves (5 MB each): below the 512 MB of GATEWAY_MEMORY.
export GATEWAY_WORKER_CONNECTIONS=$((CONNECTIONS / GATEWAY_WORKERS))
look_for_room
first=$(discovery)
ask "${first:-$local_resolvers}"
follow "${first:-$local_resolvers}" &
exec /docker-entrypoint.sh nginx -c /tmp/nginx.conf
