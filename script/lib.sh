# What the scripts share. Sourced first thing; afterwards the working folder
# is the project's root and $caller_dir the one that the script was called in.
set -euo pipefail

caller_dir=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Meson, ninja and, where the system has none, node.
export PATH="$root/.venv/bin:$PATH"

say() {
    printf '%s: %s\n' "${0#"$root"/}" "$*" >&2
}

die() {
    say "$@"
    exit 1
}

# as_root COMMAND...
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root for: $*"
    fi
}

# need_packages NAME...: install the Debian packages that are missing.
need_packages() {
    local name missing=()
    command -v dpkg-query >/dev/null || return 0
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null |
            grep -qx installed || missing+=("$name")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    say "installing Debian packages: ${missing[*]}"
    as_root apt-get -qq update >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
        --no-install-recommends "${missing[@]}" >&2
}

# Debian's own Python where there is one: its headers and venv module come as
# packages, whatever other Python is first on PATH.
base_python() {
    if [ -x /usr/bin/python3 ]; then
        echo /usr/bin/python3
    else
        command -v python3 || die "no python3 here"
    fi
}

# need_venv FOLDER PYTHON REQUIREMENTS: a private environment with what the
# file pins, or a failure. A stamp in it tells that this very file was
# installed.
need_venv() {
    local folder=$1 python=$2 requirements=$3 stamp
    stamp=$folder/.installed-$(sha256sum "$requirements" | cut -c1-16)
    [ ! -e "$stamp" ] || return 0
    say "installing into $folder: $(sed -n 's/^\([^ #]*==[^ ;]*\).*/\1/p' \
        "$requirements" | tr '\n' ' ')"
    [ -x "$folder/bin/python" ] || "$python" -m venv "$folder" >&2 || return 1
    "$folder/bin/python" -m pip install -q --disable-pip-version-check \
        --require-hashes -r "$requirements" >&2 || return 1
    touch "$stamp"
}

# find_python MINOR: a working Python 3.MINOR, or nothing.
find_python() {
    local python
    for python in "/usr/bin/python3.$1" "python3.$1" \
        "$HOME/.pyenv/versions/3.$1".*/bin/python3; do
        if "$python" -c "import sys; assert sys.version_info[:2] == (3, $1)" \
            2>/dev/null; then
            command -v "$python"
            return
        fi
    done
}

# mitmproxy_venv REQUIREMENTS: the folder for a lock file such as
# tests/requirements-mitmproxy-12.2.3-py313.txt.
mitmproxy_venv() {
    local name=${1##*/requirements-}
    echo ".venv-${name%.txt}"
}

# mitmproxy_lock PYTHON: the newest lock file for that Python's version, or
# nothing.
mitmproxy_lock() {
    local minor
    minor=$("$1" -c 'import sys; print(sys.version_info[1])')
    find tests -name "requirements-mitmproxy-*-py3$minor.txt" | sort -V | tail -n 1
}

# build_folder FOLDER OPTION...: set up or bring up to date, then build.
# Warnings are errors in CI only.
build_folder() {
    local folder=$1 werror=false
    shift
    [ -z "${CI-}" ] || werror=true
    set -- "-Dwerror=$werror" "$@"
    if [ -e "$folder/build.ninja" ]; then
        meson configure "$folder" "$@"
    else
        meson setup "$folder" "$@"
    fi >&2
    ninja -C "$folder" >&2
}

# The sanitizer build, in build-asan.
build_sanitized() {
    build_folder build-asan -Dbuildtype=debugoptimized \
        -Db_sanitize=address,undefined
}

# go_tool PACKAGE VERSION: where that program lies; it is built first if it
# is not there yet. What is written in Go only judges, and lies outside of
# the project. Ends the script with status 77 where there is no Go.
go_tool() {
    local folder go name=${1##*/}
    folder=${CONFORMANCE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rpc-judges}
    folder=$folder/$name-$2
    if [ ! -x "$folder/$name" ]; then
        go=$(PATH=$PATH:/usr/local/go/bin command -v go) || {
            say "Go is missing (on PATH and in /usr/local/go), and $name" \
                "$2 is not built yet"
            exit 77
        }
        # From 1.21 on it fetches the Go that a program asks for.
        printf 'go1.21\n%s\n' "$("$go" env GOVERSION)" | sort -CV || {
            say "Go here is older than 1.21, and $name $2 is not built yet"
            exit 77
        }
        say "building $name $2 (once; takes minutes)"
        GOBIN=$folder "$go" install "$1@$2" >&2
    fi
    echo "$folder/$name"
}
