#!/bin/sh
# Every file that git knows is in the tarball.  Usage: tests/tarball.sh BUILD-FOLDER
cd "$(dirname "$0")/.." || exit 2
known=$(git ls-files 2>/dev/null) && [ -n "$known" ] || { echo "this is no git tree: nothing to compare with"; exit 0; }
make -s -C "$1" distdir || exit 1

tree=$(echo "$1"/rosterd-*/)
missing=$(echo "$known" | while read -r file; do [ -e "$tree$file" ] || echo "$file"; done)
rm -rf "$tree"
[ -z "$missing" ] || { echo "EXTRA_DIST lacks:" $missing; exit 1; }
