#!/usr/bin/env bash
# Paints one picture in the manner of others, sent once as assets.
#   examples/curl/style.sh [size] [file]
set -euo pipefail
URL=${GENART_URL:-http://127.0.0.1:8000}
HERE=$(dirname "${BASH_SOURCE[0]}")/../pictures
SIZE=${1:-256} FILE=${2:-painted.png}

sent() {
	curl -sS --fail-with-body -F "file=@$1" "$URL/v1/assets" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["reference"])'
}

BODY=$(printf '{"content": "%s", "style": ["%s", "%s"], "style_weights": [2, 1], "preset": "draft", "size": %d, "seed": 1}' \
	"$(sent "$HERE/lake.jpg")" "$(sent "$HERE/strokes.jpg")" "$(sent "$HERE/dots.jpg")" "$SIZE")
JOB=$(curl -sS --fail-with-body --json "$BODY" "$URL/v1/style" |
	python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
curl -sS --fail-with-body -H 'Prefer: wait=60' -o /dev/null "$URL/v1/jobs/$JOB"
curl -sS --fail-with-body -o "$FILE" "$URL/v1/jobs/$JOB/outputs/0"
echo "$FILE"
