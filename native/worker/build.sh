#!/usr/bin/env bash
# build.sh WORKER_SOURCE OUT_BINARY: builds mediasoup's worker against the system's libraries (see README.md).
set -euo pipefail
source_dir=$(realpath "$1")
out=$(realpath -m "$2")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/mediasoup-worker.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$here"/prepare.sh "$source_dir" "$work/source"
# As upstream builds its releases; nodownload keeps Meson to what is there.
meson setup "$work/out" "$work/source" --wrap-mode=nodownload --buildtype=release -Db_ndebug=true
# The precompiled header includes generated ones, an order that Meson 1.0 does not tell Ninja about.
meson compile -C "$work/out" flatbuffers-generator
ninja -C "$work/out" mediasoup-worker
strip "$work/out/mediasoup-worker"

mkdir -p "$(dirname "$out")"
cp "$work/out/mediasoup-worker" "$out"
