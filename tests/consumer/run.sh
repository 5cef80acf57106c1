#!/bin/sh
# run.sh KIND SOURCE BUILD: builds and runs a project outside the tree that uses the library as KIND says.
set -eu
kind=$1 source=$2 build=$3
here=$source/tests/consumer
expected='41 42 with weft'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

need() {
    command -v "$1" >/dev/null || { echo "skipped: $1 is not installed" && exit 77; }
}

# The build, installed below the scratch folder, for pkg-config to find.
install_there() {
    meson install -C "$build" --no-rebuild --quiet --destdir "$scratch/root"
    pc=$(find "$scratch/root" -name weft.pc)
    export PKG_CONFIG_LIBDIR="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$scratch/root"
    lib=$(dirname "${pc%/*}")
    [ -e "$lib/libweft.so.0" ] && [ -e "$lib/libweft.a" ]
}

# says PROGRAM: it runs and says what it should.
says() {
    output=$("$@")
    case $output in
    "$expected"*) echo "ok $kind: $*" ;;
    *) echo "FAILED $kind: $* said: $output" && exit 1 ;;
    esac
}

case $kind in
pkgconfig)
    need pkg-config
    install_there
    # shellcheck disable=SC2046 # words
    cc "$here/hello.c" -o shared $(pkg-config --cflags --libs weft)
    LD_LIBRARY_PATH=$lib says ./shared
    # shellcheck disable=SC2046
    cc "$here/hello.c" -o static $(pkg-config --cflags weft) "$lib/libweft.a" -pthread
    says ./static
    ;;
cmake)
    need cmake
    need pkg-config
    install_there
    cmake -G Ninja -S "$here/cmake" -B out -DHELLO="$here/hello.c" >log && cmake --build out >>log || { cat log && exit 1; }
    LD_LIBRARY_PATH=$lib says out/hello
    ;;
meson)
    mkdir -p project/subprojects
    cp "$here/meson/meson.build" "$here/hello.c" project/
    ln -s "$source" project/subprojects/weft
    meson setup out project >log && ninja -C out >>log || { cat log && exit 1; }
    says out/hello
    ;;
esac
