#!/usr/bin/env bash
# Draws portraits that nobody has drawn, and puts a smile and a hat on one of your own.
#   examples/curl/faces.sh [portrait]
set -euo pipefail
URL=${GENART_URL:-http://127.0.0.1:8000}
PORTRAIT=${1:-$(dirname "${BASH_SOURCE[0]}")/../pictures/portrait.png}

made() { # made FILE ADDRESS ARGUMENTS-OF-CURL...
	local file=$1 address=$2
	shift 2
	local output
	output=$(curl -sS --fail-with-body -H 'Prefer: wait=60' "$@" "$URL$address" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["outputs"][0]["url"])')
	curl -sS --fail-with-body -o "$file" "$URL$output"
	echo "$file"
}

made faces.png /v1/vae-sample --json '{"count":24,"layout":"sheet","seed":1}'
made smile.png /v1/vae-edit -F "image=@$PORTRAIT" -F 'concepts={"smile":1,"hat":1}' -F scale=4
