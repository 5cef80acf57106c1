#!/bin/bash
# The fib service on real sockets: fib_test.sh PATH-OF-WEFT. Each claim prints "ok NAME" or "FAILED NAME: ...".
set -u
weft=${1:?usage: fib_test.sh PATH-OF-WEFT}
folder=$(mktemp -d)
server= loader=
failures=0

finish() {
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null
    [ -z "$loader" ] || kill -KILL "$loader" 2>/dev/null
    rm -rf "$folder"
}
trap finish EXIT

# claim NAME EXPECTED ACTUAL
claim() {
    if [ "$2" = "$3" ]; then
        echo "ok $1"
    else
        printf 'FAILED %s: expected %q, got %q\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

# claim_match NAME PATTERN TEXT
claim_match() {
    case $3 in
    $2) echo "ok $1" ;;
    *) claim "$1" "$2" "$3" ;;
    esac
}

# Starts a server on a free port: sets server and port. It says where it listens when it is ready.
start() {
    local line
    mkfifo "$folder/said"
    "$weft" fib serve --listen 127.0.0.1:0 "$@" 2>"$folder/said" >/dev/null &
    server=$!
    exec 9<"$folder/said"
    rm "$folder/said"
    if ! read -r -t 20 line <&9; then
        echo "FAILED the_server_starts: it said nothing"
        exit 1
    fi
    port=${line##*:}
}

# Waits for the server's end: sets status.
await_end() {
    wait "$server"
    status=$?
    server=
    exec 9<&-
}

stop() {
    kill -TERM "$server"
    await_end
}

# Opens fd 3 to the server.
dial() {
    exec 3<>"/dev/tcp/127.0.0.1/$port"
}

# One line of answer: sets answer, "(end)" at the end of the connection, "(nothing)" after 60 s.
hear() {
    local rc
    IFS= read -r -t 60 answer <&3
    rc=$?
    [ "$rc" -eq 0 ] || answer=$([ "$rc" -gt 128 ] && echo '(nothing)' || echo '(end)')
}

# ask TEXT COUNT: sends TEXT in one segment and hears COUNT lines: sets answers, joined by commas.
ask() {
    printf "$1" >"$folder/segment"
    cat "$folder/segment" >&3
    answers=
    for ((i = 0; i < $2; i++)); do
        hear
        answers=$answers${answers:+,}$answer
    done
}

requests() {
    dial
    ask '10\n' 1
    claim a_line_is_answered 55 "$answers"
    ask '10' 1
    claim a_segment_without_newline_is_a_request 55 "$answers"
    ask '1\n2\n3\n20\n' 4
    claim several_requests_in_a_segment_are_answered_in_order 1,1,2,6765 "$answers"
    ask '5\n6' 2
    claim the_last_of_several_needs_no_newline 5,8 "$answers"
    ask '30\r\n7\r\n' 2
    claim carriage_returns_do_not_matter 832040,13 "$answers"
    ask ' 8 \n' 1
    claim blanks_around_do_not_matter 21 "$answers"
    exec 3<&-
}

junk() {
    dial
    ask 'hello\n' 1
    claim junk_is_an_error 'error: not an integer' "$answers"
    ask '12x\n\n1.5\n-\n' 4
    claim_match junk_of_every_kind_is_an_error 'error: *,error: *,error: *,error: *' "$answers"
    ask '0\n-7\n' 2
    claim numbers_below_one_are_an_error \
        'error: the number must be at least 1,error: the number must be at least 1' "$answers"
    ask '46\n99999999999999999999999999\n' 2
    claim numbers_above_the_maximum_are_an_error \
        'error: the number must be at most 45,error: the number must be at most 45' "$answers"
    ask '9\nbad\n9\n' 3
    claim an_error_among_others_keeps_its_place '34,error: not an integer,34' "$answers"
    ask '\0\n' 1
    claim a_zero_byte_is_an_error 'error: not an integer' "$answers"
    ask '10\n' 1
    claim the_connection_lives_on_after_errors 55 "$answers"
    exec 3<&-
}

lengths() {
    local zeros
    zeros=$(printf '0%.0s' {1..62})
    dial
    ask "${zeros}10\n" 1
    claim a_line_of_64_bytes_is_answered 55 "$answers"
    ask "0${zeros}10\n" 2
    claim a_line_of_65_bytes_ends_the_connection 'error: the line is longer than 64 bytes,(end)' "$answers"
    exec 3<&-
    dial
    ask "10\n$zeros$zeros$zeros$zeros$zeros$zeros$zeros$zeros$zeros$zeros$zeros$zeros" 3
    claim an_endless_line_ends_the_connection '55,error: the line is longer than 64 bytes,(end)' "$answers"
    exec 3<&-
}

# More requests than the server's buffer holds, so that lines are cut anywhere.
many() {
    local i wanted= sent=
    dial
    for ((i = 0; i < 500; i++)); do
        sent=${sent}12'\n'
        wanted=$wanted${wanted:+,}144
    done
    ask "$sent" 500
    claim many_requests_in_a_segment_are_answered "$wanted" "$answers"
    exec 3<&-
}

# A connection computes; another one's request does not wait for it.
side_by_side() {
    local i
    for ((i = 0; i < 8; i++)); do
        exec {hog}<>"/dev/tcp/127.0.0.1/$port"
        printf '36\n' >&"$hog"
        hogs[i]=$hog
    done
    dial
    ask '1\n' 1
    claim a_quick_request_is_answered_beside_eight_slow_ones 1 "$answers"
    exec 3<&-
    answers=
    for hog in "${hogs[@]}"; do
        IFS= read -r -t 120 answer <&"$hog"
        answers=$answers${answers:+,}$answer
        exec {hog}<&-
    done
    claim every_slow_request_is_answered \
        14930352,14930352,14930352,14930352,14930352,14930352,14930352,14930352 "$answers"
}

maximum() {
    start --max=20
    dial
    ask '20\n21\n' 2
    claim max_can_be_set '6765,error: the number must be at most 20' "$answers"
    exec 3<&-
    stop
    claim sigterm_without_connections_exits_with_0 0 "$status"
}

drain() {
    local signal=$1 rest
    start
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    printf '1\n' >&4
    IFS= read -r -t 60 answer <&4
    claim "before_${signal}_an_idle_connection_was_served" 1 "$answer"
    dial
    ask '1\n' 1
    printf '41\n' >&3
    until [ "$(awk '{print $14 + $15}' "/proc/$server/stat")" -gt 2 ]; do :; done # it computes
    kill "-$signal" "$server"
    IFS= read -r -t 60 rest <&4
    claim "at_${signal}_idle_connections_are_closed" '1,' "$?,$rest"
    hear
    claim "at_${signal}_the_answer_being_computed_is_sent" 165580141 "$answer"
    hear
    claim "at_${signal}_the_connection_is_then_closed" '(end)' "$answer"
    await_end
    claim "at_${signal}_the_exit_code_is_0" 0 "$status"
    exec 3<&- 4<&-
}

# refuse NAME CODE PATTERN ARGS...: the command fails with the code and says something like PATTERN.
refuse() {
    local name=$1 code=$2 pattern=$3 said
    shift 3
    said=$(timeout -k 5 20 "$weft" "$@" 2>&1 </dev/null)
    claim "${name}_exits_with_$code" "$code" "$?"
    claim_match "${name}_is_explained" "$pattern" "$said"
}

mistakes() {
    start
    refuse a_port_in_use 1 "*cannot listen on tcp://127.0.0.1:$port: Address already in use*" \
        fib serve --listen "127.0.0.1:$port"
    stop
    refuse a_refused_connection 1 '*cannot connect to *: Connection refused*' fib load --connect "tcp://127.0.0.1:$port"
    refuse a_bad_address 1 '*cannot listen on tcp://nonsense: *' fib serve --listen nonsense
    refuse a_bad_port 1 '*cannot listen on tcp://127.0.0.1:99999: *' fib serve --listen 127.0.0.1:99999
    refuse an_unknown_option 2 '*unknown option --lisen*weft fib serve --help*' fib serve --lisen x
    refuse a_missing_value 2 '*--max needs a value*' fib serve --max
    refuse a_value_that_is_no_number 2 "*--max: '4x' is not a whole number*" fib serve --max 4x
    refuse a_value_out_of_range 2 '*--max: 93 is out of range (1 to 92)*' fib serve --max 93
    refuse an_operand_too_many 2 "*unexpected 'now'*" fib serve now
    refuse an_unknown_command 2 '*unknown command frobnicate*weft --help*' frobnicate
    refuse an_unknown_option_of_weft 2 '*unknown option --frobnicate*weft --help*' --frobnicate
    refuse half_a_command 2 '*weft fib: a command is missing*' fib
    refuse the_help 0 'Usage: weft fib serve *--listen ADDRESS*--max N*' fib serve --help
    refuse the_version 0 'weft [0-9]*.[0-9]*.[0-9]*' --version
}

load() {
    local said
    start
    said=$(timeout -k 5 60 "$weft" fib load --connect "127.0.0.1:$port" --fast 4 --hogs 2 --n 20 --seconds 0.3 --json)
    claim a_load_exits_with_0 0 "$?"
    claim_match a_load_tells_its_figures \
        '{"seconds": 0.3*"requests": [1-9]*"p50_us": *"p99_us": *"max_us": *"hog_requests": [1-9]*}' "$said"
    said=$(timeout -k 5 60 "$weft" fib load --connect "127.0.0.1:$port" --rate 100 --seconds 0.3 --json)
    claim_match a_paced_load_keeps_its_timetable '*"requests": 30,*"unanswered": 0,*' "$said"
    "$weft" fib load --connect "127.0.0.1:$port" --fast 2 --seconds 60 2>"$folder/error" >/dev/null &
    loader=$!
    dial
    ask '1' 1
    exec 3<&-
    until [ "$(awk '{print $14 + $15}' "/proc/$loader/stat")" -gt 5 ]; do :; done # it runs
    kill -KILL "$server"
    await_end 2>/dev/null
    wait "$loader"
    status=$?
    loader=
    claim a_server_that_vanishes_ends_the_load_with_1 1 "$status"
    claim_match a_server_that_vanishes_is_explained '*the server closed a connection*' "$(cat "$folder/error")"
}

start
requests
junk
lengths
many
side_by_side
stop
claim sigterm_exits_with_0 0 "$status"
maximum
drain TERM
drain INT
mistakes
load
[ "$failures" -eq 0 ]
