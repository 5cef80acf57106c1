#!/bin/sh
# seeds.sh PROGRAM COUNT [FIRST]: runs a test program under COUNT seeds; stops at the first that fails, and shows it.
set -u
program=$1 seed=${3-1}
last=$((seed + $2 - 1))

while [ "$seed" -le "$last" ]; do
    output=$(WEFT_SEED=$seed "$program" 2>&1)
    code=$?
    if [ $code -ne 0 ] && [ $code -ne 77 ]; then
        printf '%s\n' "$output"
        echo "exit code $code; replay: WEFT_SEED=$seed $program"
        exit 1
    fi
    seed=$((seed + 1))
done
