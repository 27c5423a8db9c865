#!/usr/bin/env bash
# Measures other servers with the same 1,000 clients, each configured so that its own limits do not slow
# it: those that are installed (Debian: redis-server, ngircd, inspircd, ncat), and the article's, if
# ARTICLE names its tcp_server.py. RUNS is the number of runs for the medians.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${RUNS:-5}
set_up=$(mktemp -d)
trap 'rm -rf "$set_up"; kill -9 $(jobs -p) 2>/dev/null' EXIT
ulimit -n "$(ulimit -Hn)"

# measure NAME PORT WIRE COMMAND...: prints one row, for the rooms in $rooms, with the options in $ways.
measure() {
    local name=$1 port=$2 wire=$3
    shift 3
    local server=("$@")
    command -v "$1" >/dev/null || { echo "| $name | not installed |"; return; }
    local row="| $name |" room senders window
    for room in "${rooms[@]}"; do
        read -r senders window <<<"$room"
        row+=" $(median 8 fan-out --clients 1000 --senders "$senders" --window "$window") × |"
    done
    for ((room = ${#rooms[@]}; room < 3; room++)); do row+=" - |"; done
    echo "$row $(median 5 memory --case memory --clients 1000) |"
}

# median COLUMN CASE OPTIONS...: prints the median of that column in the benchmark's first row of the case.
median() {
    local column=$1 kind=$2 run
    shift 2
    for ((run = 0; run < runs; run++)); do
        crowd "$@" | awk -F'|' -v kind="$kind" -v column="$column" \
            '$2 ~ kind && $column ~ /[0-9]/ { gsub(/[ ,]/, "", $column); print $column }' | head -1
    done | sort -g | awk '{ all[NR] = $1 } END { print NR ? all[int((NR + 1) / 2)] : "-" }'
}

# Each run has a new server, on the core on which natter is measured.
crowd() {
    taskset -c 0 "${server[@]}" >"$set_up/log" 2>&1 &
    local pid=$! tries=0
    until (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        if ! kill -0 $pid 2>/dev/null || [ $((tries += 1)) -gt 100 ]; then
            echo "$name does not start: $(tail -1 "$set_up/log")" >&2
            return
        fi
        sleep 0.1
    done
    cargo bench --quiet --bench crowd -- --server "127.0.0.1:$port" --pid $pid --wire "$wire" \
        "${ways[@]}" --runs 1 "$@" 2>"$set_up/err" ||
        echo "$name, $*: $(grep -v '^error' "$set_up/err" | head -1)" >&2
    kill -9 $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
}

cat >"$set_up/ngircd.conf" <<END
[Global]
Name = irc.test
Info = crowd
Ports = 6668
Listen = 127.0.0.1
MotdPhrase = crowd
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
END

cat >"$set_up/inspircd.conf" <<END
<server name="irc.test" description="crowd" network="crowd">
<admin name="crowd" nick="crowd" email="crowd@irc.test">
<bind address="127.0.0.1" port="6669" type="clients">
<connect allow="*" timeout="3600" pingfreq="3600" localmax="20000" globalmax="20000"
    maxconnwarn="no" limit="20000" commandrate="100000000" threshold="100000000" fakelag="no"
    recvq="1048576" softsendq="16777216" hardsendq="67108864" resolvehostnames="no"
    useconnectban="no" useconnflood="no">
<performance softlimit="20000" somaxconn="4096" clonesonconnect="no">
<options defaultmodes="n">
<log method="file" type="*" level="default" target="$set_up/inspircd.log">
<pid file="$set_up/inspircd.pid">
END

echo "| server | S=1, W=1 | S=10, W=1 | S=10, W=32 | bytes each |"
echo "|---|---|---|---|---|"
rooms=("1 1" "10 1" "10 32")
ways=(--in-flight 100)
measure redis 6380 resp redis-server --port 6380 --save '' --maxclients 10000 \
    --client-output-buffer-limit 'pubsub 0 0 0'
# It accepts users once a second.
ways=(--in-flight 1000)
measure inspircd 6669 irc inspircd --config="$set_up/inspircd.conf" --nofork --runasroot
ways=(--in-flight 8)
measure ngircd 6668 irc ngircd --config "$set_up/ngircd.conf" --nodaemon
# These two treat each read as one command.
rooms=("1 1")
measure ncat 7000 plain ncat --listen --chat --max-conns 1100 127.0.0.1 7000
# Its threads have no common order of lines.
ways=(--any-order)
[ -z "${ARTICLE:-}" ] || measure article 9998 classic python3 "$ARTICLE" 9998
