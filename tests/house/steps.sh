# Shell functions that ./setup, ./run-tests and tests/check-all share. The caller stands in the root
# of the source tree.
log_folder=build/log

say() { printf '%s\n' "$*"; }

# Compilers that fit: one a core, and no more than one for each 1.5 GB of free memory.
build_jobs() {
  local cores available jobs
  cores=$(nproc)
  available=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  if [ -r /sys/fs/cgroup/memory.max ] && [ "$(cat /sys/fs/cgroup/memory.max)" != max ]; then
    local limit=$(($(cat /sys/fs/cgroup/memory.max) / 1024))
    [ "$limit" -ge "$available" ] || available=$limit
  fi
  jobs=$((available / 1500000))
  [ "$jobs" -le "$cores" ] || jobs=$cores
  [ "$jobs" -ge 1 ] || jobs=1
  echo "$jobs"
}

# step TITLE COMMAND… runs the command with its output in a log; shows how far it is on a terminal,
# one line when it is done, and the end of the log when it fails.
step() {
  local title=$1 log begin seconds shown="" now code=0 next_word=60
  shift
  mkdir -p "$log_folder"
  log="$log_folder/$(printf '%s' "${title%%:*}" | tr -c 'a-zA-Z0-9' '-').log"
  begin=$(date +%s)
  "$@" >"$log" 2>&1 </dev/null &
  local child=$!
  trap 'kill '"$child"' 2>/dev/null; exit 130' INT TERM
  while kill -0 "$child" 2>/dev/null; do
    seconds=$(($(date +%s) - begin))
    now=$(grep -aoE '^ *\[?[0-9]+/[0-9]+' "$log" 2>/dev/null | tail -n 1 | tr -d ' [' || true)
    if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
      printf '\r\033[K%.60s %s' "$title" "$now"
      shown=yes
    elif [ "$seconds" -ge "$next_word" ]; then
      say "${title%%:*}: ${now:-still running} after $seconds s"
      next_word=$((next_word + 60))
    fi
    sleep 0.3
  done
  wait "$child" || code=$?
  trap - INT TERM
  [ -z "$shown" ] || printf '\r\033[K'
  seconds=$(($(date +%s) - begin))
  if [ "$code" -ne 0 ]; then
    printf '%s: stopped with exit code %s after %s s; the end of %s:\n' "${title%%:*}" "$code" \
      "$seconds" "$log" >&2
    tail -n 40 "$log" >&2
    return "$code"
  fi
  say "$title: done in $seconds s"
}
