# Sourced by ./run and ./check: installs what is missing, and says so first.

# What a build needs, and what the tests need beyond it.
BUILD_PACKAGES='gcc libc6-dev meson ninja-build pkg-config python3 scdoc'
CHECK_PACKAGES='clang libclang-rt-14-dev llvm clang-format cmake g++ valgrind gdb qemu-user gcc-aarch64-linux-gnu
    libc6-dev-arm64-cross netcat-openbsd libcurl4-openssl-dev libsqlite3-dev'

missing_packages() {
    for package; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

# as_root COMMAND...: directly, or through sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" </dev/null
}

# install_packages PACKAGE...: 0 when all are there at the end, else 1 after the cause has been said.
install_packages() {
    local missing log

    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "this is no Debian system: taking for granted that these are installed:" $*
        return 0
    fi
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "cannot install what is missing: this is not root and there is no sudo. As root: apt-get install" $missing
        return 1
    fi
    echo "installing with apt:" $missing
    log=$(mktemp)
    if ! apt_get update >"$log" 2>&1; then
        echo "apt-get update failed; going on with the package lists that are there"
    fi
    if ! apt_get install -y --no-install-recommends $missing >>"$log" 2>&1; then
        tail -n 15 "$log"
        echo "apt-get could not install the packages; the cause stands above"
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
