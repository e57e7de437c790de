#!/bin/sh
# Installs the command centre on this machine, or brings it up to this version. Needs no network. ./install.sh --help lists the options.
set -eu
umask 022

say() { printf '%s\n' "$@" >&2; }
refuse() { say "$@"; exit 1; }

came=$PWD
folder=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd)
cd -- "$folder"

[ "$(uname -s)" = Linux ] || refuse @install.only_linux@ "($(uname -s))"
wanted=$(sed -n 's/^  "machine": "\(.*\)",$/\1/p' bundle.json) || wanted=
[ "$(uname -m)" = "$wanted" ] || refuse @install.other_machine@ "($(uname -m) / ${wanted:-?})"

# Whose bundle it is: asked when the administrator names who may sign, and from then on at every upgrade.
signers='' prefix=$HOME/ecc named=''
[ "$(id -u)" -ne 0 ] || prefix=/opt/ecc
for word in "$@"; do
  case $named in --signers) signers=$word ;; --prefix) prefix=$word ;; esac
  case $word in --signers=*) signers=${word#*=} ;; --prefix=*) prefix=${word#*=} ;; esac
  named=$word
done
case $prefix in /*) ;; *) prefix=$came/$prefix ;; esac
case ${signers:=$prefix/signers} in /*) ;; *) signers=$came/$signers ;; esac
if [ "$signers" != "$prefix/signers" ] || [ -e "$signers" ]; then
  command -v ssh-keygen >/dev/null || refuse @install.no_ssh_keygen@
  [ -r "$signers" ] || refuse @install.no_signers@ "$signers"
  [ -f SHA256SUMS.sig ] || refuse @install.not_signed@ "$signers"
  ssh-keygen -Y verify -f "$signers" -I ecc -n ecc-bundle -s SHA256SUMS.sig <SHA256SUMS >/dev/null 2>&1 || refuse @install.forged@ "$signers"
fi

command -v sha256sum >/dev/null || refuse @install.no_sha256sum@
broken=$(sha256sum --check --quiet --strict SHA256SUMS 2>/dev/null | head -n 3) || true
sha256sum --check --status --strict SHA256SUMS 2>/dev/null || refuse @install.broken@ "$broken"
listed=$(sed 's/^[0-9a-f]*  //' SHA256SUMS | LC_ALL=C sort)
there=$(find . -type f ! -path ./SHA256SUMS ! -path ./SHA256SUMS.sig | sed 's|^\./||' | LC_ALL=C sort)
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

cd -- "$came"
begin='import sys; sys.path.insert(0, sys.argv.pop(1)); from installer.command import main; sys.exit(main())'
exec "$python" -I -B -c "$begin" "$folder/install" "$@"
