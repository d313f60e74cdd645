#!/usr/bin/env bash
# Writes one text at four temperatures, from one seed.
#   examples/curl/text.sh ["prompt"]
set -euo pipefail
URL=${GENART_URL:-http://127.0.0.1:8000}
PROMPT=${1:-what is noble? }

for T in 0.2 0.5 1.0 1.2; do
	BODY=$(python3 -c 'import json, sys; print(json.dumps({"prompt": sys.argv[1], "temperature": float(sys.argv[2]), "length": 160, "seed": 1}))' "$PROMPT" "$T")
	JOB=$(curl -sS --fail-with-body -H 'Prefer: wait=60' --json "$BODY" "$URL/v1/text" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
	printf '\nT = %s\n' "$T"
	curl -sS --fail-with-body "$URL/v1/jobs/$JOB/outputs/0"
	echo
done
