#!/bin/sh
# symbols.sh BUILD [--update]: the shared library exports what tools/symbols.txt lists, needs libc alone, and carries
# the marks of a hardened build.
set -u
shared=$1/libweft.so archive=$1/libweft.a
list=$(dirname "$0")/symbols.txt
failed=0

exported=$(nm -D --defined-only "$shared" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort)
if [ "${2-}" = --update ]; then
    printf '%s\n' "$exported" >"$list"
    exit
fi

fail() {
    echo "FAILED symbols: $*"
    failed=1
}

if ! printf '%s\n' "$exported" | diff -u --label listed --label exported "$list" -; then
    fail "the exported symbols changed; if that is meant: tools/symbols.sh $1 --update"
fi

dynamic=$(readelf -dW "$shared")
needed=$(echo "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v -e '^libc\.so' -e '^ld-linux')
[ -z "$needed" ] || fail "the library needs more than libc: $needed"
echo "$dynamic" | grep -q TEXTREL && fail 'the code has text relocations'
echo "$dynamic" | grep -q 'FLAGS.* NOW' || fail 'not linked with -z now'
readelf -lW "$shared" | grep -q 'GNU_STACK.* RW ' || fail 'an executable stack: a .S file lacks its .note.GNU-stack'

# The linker keeps a mark only if the C library's own objects bear it, so that it is looked for in ours.
if readelf -h "$shared" | grep -q X86-64; then
    members=$(ar t "$archive" | wc -l)
    marks=$(readelf -nW "$archive" | grep 'x86 feature:')
    [ "$(echo "$marks" | grep -c IBT)" = "$members" ] || fail 'no IBT mark: a .S file lacks its .note.gnu.property'
    echo "$marks" | grep -q SHSTK && fail 'marked SHSTK, but tasks have no shadow stacks'
fi
exit $failed
