#!/usr/bin/env bash
# Dreams on a picture and saves the dream.
#   examples/curl/dream.sh [picture] [preset] [size] [file]
set -euo pipefail
URL=${GENART_URL:-http://127.0.0.1:8000}
HERE=$(dirname "${BASH_SOURCE[0]}")
PICTURE=${1:-$HERE/../pictures/town.jpg} PRESET=${2:-animals} SIZE=${3:-256} FILE=${4:-dream.png}

JOB=$(curl -sS --fail-with-body -H 'Prefer: wait=60' -F "image=@$PICTURE" -F "preset=$PRESET" -F "size=$SIZE" -F seed=1 "$URL/v1/dream" |
	python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
curl -sS --fail-with-body -H 'Prefer: wait=60' -o /dev/null "$URL/v1/jobs/$JOB" # in case it took longer
curl -sS --fail-with-body -o "$FILE" "$URL/v1/jobs/$JOB/outputs/0"
echo "$FILE"
