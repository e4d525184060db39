#!/bin/bash
# Run a service (`drain.sh python -m portico`) and drain it before it stops: on SIGTERM it reports that it is not ready,
# answers requests until every gateway has stopped sending them, and only then gunicorn is told to stop.
# The gateway in containers needs about 2 s: discovery polls five times a second, nginx resolves names once a second.
set -u

draining="$PORTICO_DRAINING_FILE"
rm -f "$draining"
"$@" &
service=$!

drain() {
  touch "$draining"
  sleep "$PORTICO_DRAIN_SECONDS" &
  wait $!
  kill -TERM "$service" 2>/dev/null
}
trap drain TERM
trap 'kill -INT "$service" 2>/dev/null' INT

wait "$service"
status=$?
while kill -0 "$service" 2>/dev/null; do # a signal ends `wait` before the service ends
  wait "$service"
  status=$?
done
exit "$status"
