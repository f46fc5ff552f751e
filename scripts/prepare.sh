# Sourced by scripts/capsule and scripts/test: sets $root and $deno, and builds what is missing or out of date.

case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
if [ -L "$0" ]; then
  here=$(readlink -f "$0")
  here=${here%/*}
fi
root=$(CDPATH='' cd "$here/.." && pwd -P)

# The inputs of all builds.
inputs="package.json package-lock.json scripts engines ffi/native/Cargo.toml ffi/native/Cargo.lock
  ffi/native/src python/src mod.ts runner.ts cli.ts version.ts cache cli compiler errors install platform
  protocol runner sdk telemetry worker ffi/*.ts"

find_deno() {
  for deno in "$root"/node_modules/@deno/*/deno; do
    [ -x "$deno" ] && return
  done
  deno=
}

is_ready() {
  [ -n "$deno" ] && [ -e "$root/build/ready" ] || return 1
  # shellcheck disable=SC2086  # the list is meant to be split
  [ -z "$(cd "$root" && find $inputs -newer build/ready -print -quit)" ]
}

need() {
  command -v "$1" >/dev/null 2>&1 && return
  echo "error: Cannot build Capsule: $1 is not installed" >&2
  echo "hint: $2" >&2
  exit 2
}

find_deno
if ! is_ready; then
  need node "install Node.js 20 or newer, with npm"
  need npm "install npm"
  need python3 "install Python 3.10 or newer"
  need cargo "install Rust by rustup"
  need cc "install a C compiler"
  mkdir -p "$root/build"
  if [ -z "$deno" ] || ! cmp -s "$root/package-lock.json" "$root/build/package-lock.json"; then
    echo "Installing Deno and the packages of package-lock.json…" >&2
    # Not `npm ci`, which rejects a lockfile without registry URLs.
    if ! (cd "$root" && npm install --no-save --no-audit --no-fund >build/npm.log 2>&1); then
      cat "$root/build/npm.log" >&2
      echo "error: npm install failed" >&2
      exit 2
    fi
    cp "$root/package-lock.json" "$root/build/package-lock.json"
    find_deno
  fi
  "$deno" run -A --no-config "$root/scripts/setup.ts" || exit 2
fi
