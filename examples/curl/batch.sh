#!/usr/bin/env bash
# Submits many jobs in one request, under one idempotency key, and waits for all of them.
#   examples/curl/batch.sh [how many]
set -euo pipefail
URL=${GENART_URL:-http://127.0.0.1:8000}
COUNT=${1:-10}
KEY=batch-$$-$(date +%s)

BODY=$(python3 -c '
import json, sys
jobs = [
    {"kind": "text", "request": {"prompt": "night ", "length": 80, "seed": seed}, "tags": [sys.argv[2]]}
    for seed in range(int(sys.argv[1]))
]
print(json.dumps({"jobs": jobs}))' "$COUNT" "$KEY")
# Sent again, it makes nothing twice: whoever gets no answer sends it until there is one.
curl -sS --fail-with-body --retry 5 --retry-connrefused -H "Idempotency-Key: $KEY" --json "$BODY" "$URL/v1/batch" |
	python3 -c 'import json, sys; print(*(one["job"]["id"] for one in json.load(sys.stdin)["results"]), sep="\n")' |
	while read -r JOB; do
		curl -sS --fail-with-body -H 'Prefer: wait=60' "$URL/v1/jobs/$JOB" |
			python3 -c 'import json, sys; job = json.load(sys.stdin); print(job["status"], job["result"]["samples"][0]["text"][:60])'
	done
