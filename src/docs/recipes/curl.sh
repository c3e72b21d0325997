#!/bin/sh
# Publishes a task's progress with curl (7.76 or later).
#
#     TASKWIRE_API_KEYS=... sh curl.sh upload_1
set -eu

id=${1:-upload_1} # percent-encode all but letters, digits, '_', '-' and '.'
url=${TASKWIRE_URL:-http://127.0.0.1:8000}
key=${TASKWIRE_API_KEYS%%,*}

# publish KEY JSON: retries use the same Idempotency-Key, so an event is
# delivered once. curl reads the API key from a file, hidden from `ps`.
publish() {
  printf 'header = "Authorization: Bearer %s"\n' "$key" |
    curl --config - --silent --show-error --fail-with-body \
      --retry 5 --retry-connrefused --max-time 10 \
      --header "Idempotency-Key: $1" --data "$2" \
      "$url/api/tasks/$id/events"
}

run=$(date +%s)-$$
for done in 0 25 50 75; do
  answer=$(publish "$run-$done" "{\"status\":\"running\",\"current\":$done,\"total\":100,\"unit\":\"files\",\"lease\":30}")
  case $answer in
  *'"cancel_requested":true'*)
    publish "$run-canceled" '{"status":"canceled"}'
    exit 1
    ;;
  esac
  sleep "${STEP_SECONDS:-0.5}" # the work
done
publish "$run-end" '{"status":"succeeded","current":100}'
