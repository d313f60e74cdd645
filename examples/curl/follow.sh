#!/usr/bin/env bash
# Follows a job by server-sent events, goes on where a lost connection left it, and shows the text.
#   examples/curl/follow.sh [length]
set -euo pipefail
URL=${GENART_URL:-http://127.0.0.1:8000}

JOB=$(curl -sS --fail-with-body --json "{\"prompt\": \"night \", \"length\": ${1:-2000}}" "$URL/v1/text" |
	python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
EVENTS=$(mktemp)
trap 'rm -f "$EVENTS"' EXIT
until grep -q '^event: done' "$EVENTS"; do
	LAST=$(grep '^id: ' "$EVENTS" | tail -n 1 | cut -c5- || true)
	curl -sSN --fail-with-body ${LAST:+-H "Last-Event-ID: $LAST"} "$URL/v1/jobs/$JOB/events" |
		tee -a "$EVENTS" | grep '^event: ' || sleep 1
done
curl -sS --fail-with-body "$URL/v1/jobs/$JOB/outputs/0"
echo
