#!/bin/sh
# The gateway's health. After a start it fails until nginx reaches a replica of every page, so that `docker compose up --wait`
# ends when a first request is answered. A page that is down does not count after GATEWAY_START_SECONDS: it is a 503 of its own.
# From then on, the check asks nginx alone.
set -eu

SITE=http://127.0.0.1:8080
READY=/tmp/ready         # in a tmpfs, so that a container that is started again has none
STARTED=/tmp/started     # written by start.sh

answers() { curl --fail --silent --output /dev/null --noproxy '*' --max-time 2 "$SITE$1"; }

answers /healthz
[ -e "$READY" ] && exit 0
age=$(($(date +%s) - $(stat --format %Y "$STARTED")))
if [ "$age" -lt "$GATEWAY_START_SECONDS" ]; then
  while read -r status_path; do
    answers "$status_path" || { echo "not reached yet: $status_path"; exit 1; }
  done </usr/share/portico/status-paths
fi
touch "$READY"
