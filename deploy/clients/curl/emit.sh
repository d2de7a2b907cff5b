#!/bin/sh
# Sends events, one CloudEvent in JSON a line on standard input, to the gateway of emc-monitor:
#
#     EMC_TOKEN=... sh emit.sh https://emc.example/v1/events < events.ndjson
#
# curl tries again by itself where the gateway is away or asks to wait (503, 429, no connection),
# with the same ids, so that nothing is measured twice. The answer says line by line what was
# refused and why; it ends with 0 where every line was accepted.
set -eu
[ $# -eq 1 ] && [ -n "${EMC_TOKEN:-}" ] || { echo "EMC_TOKEN=... sh emit.sh URL < events.ndjson" >&2; exit 2; }

events=$(mktemp) answer=$(mktemp)
trap 'rm -f "$events" "$answer"' EXIT
gzip -c >"$events"
# The token goes by a file descriptor: on the command line everybody on the machine could read it.
status=$(printf 'header = "Authorization: Bearer %s"\n' "$EMC_TOKEN" |
  curl --silent --show-error --config - \
    --retry 8 --retry-all-errors --connect-timeout 10 --max-time 120 \
    --header 'Content-Type: application/x-ndjson' --header 'Content-Encoding: gzip' \
    --data-binary "@$events" --output "$answer" --write-out '%{http_code}' "$1")
cat "$answer"
echo
[ "$status" = 202 ]
