#!/bin/sh
# Every C file through clang-tidy, several at a time; prints what was found, and fails if there was anything.
# Usage: tests/quality/tidy.sh SOURCE-FOLDER JOBS COMPILER-FLAG...
source=$1 jobs=$2
shift 2
# One file a process: the analyzer of clang 14 takes a va_list for uninitialized in every file but its first.
find "$source/daemon" "$source/connectors" "$source/rosterctl" -name '*.c' -print0 |
	xargs -0 -P "$jobs" -I '{}' clang-tidy --quiet '{}' -- "$@" 2>/dev/null
