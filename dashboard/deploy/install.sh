#!/bin/sh
# Installs the command centre on this machine, or brings it up to this version. Needs no network. ./install.sh --help lists the options.
set -eu
umask 022

say() { printf '%s\n' "$@" >&2; }
refuse() { say "$@"; exit 1; }

folder=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd)
cd -- "$folder"

[ "$(uname -s)" = Linux ] || refuse @install.only_linux@ "($(uname -s))"
wanted=$(sed -n 's/^  "machine": "\(.*\)",$/\1/p' bundle.json) || wanted=
[ "$(uname -m)" = "$wanted" ] || refuse @install.other_machine@ "($(uname -m) / ${wanted:-?})"

command -v sha256sum >/dev/null || refuse @install.no_sha256sum@
broken=$(sha256sum --check --quiet --strict SHA256SUMS 2>/dev/null | head -n 3) || true
sha256sum --check --status --strict SHA256SUMS 2>/dev/null || refuse @install.broken@ "$broken"
listed=$(sed 's/^[0-9a-f]*  //' SHA256SUMS | LC_ALL=C sort)
there=$(find . -type f ! -name SHA256SUMS | sed 's|^\./||' | LC_ALL=C sort)
[ "$listed" = "$there" ] || refuse @install.not_listed@

# The first Python that this bundle has wheels for. ECC_PYTHON names another one.
pythons=$(sed -n 's/^    "\(3\.[0-9]*\)": "requirements-.*$/\1/p' bundle.json)
python=
for candidate in "${ECC_PYTHON:-python3}" python3 $(for each in $pythons; do printf 'python%s ' "$each"; done); do
  found=$("$candidate" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
  for each in $pythons; do [ "$found" != "$each" ] || python=$candidate; done
  [ -z "$python" ] || break
done
[ -n "$python" ] || refuse @install.no_python@ "($(printf '%s' "$pythons" | tr '\n' ' ') / ${found:-?})"

exec "$python" -I -B install/installer.py "$@"
