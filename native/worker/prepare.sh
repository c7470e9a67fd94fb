#!/usr/bin/env bash
# prepare.sh WORKER_SOURCE NEW_DIR: copies mediasoup's worker source and makes the copy fit the system's libraries.
set -euo pipefail
source_dir=$(realpath "$1")
target=$(realpath -m "$2")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

mkdir "$target"
cp -R "$source_dir"/. "$target"

# Upstream's wraps download each library; the overlay's subprojects of the same names hand out the system's.
rm -f "$target"/subprojects/*.wrap
cp -R "$here"/overlay/. "$target"

for patch_file in "$here"/patches/*.patch; do
  # --fuzz=0: a patch whose surroundings have changed must be looked at by a person, not placed by guess.
  if ! patch --directory="$target" --strip=1 --fuzz=0 --forward --batch --silent --no-backup-if-mismatch --input="$patch_file"; then
    echo "native/worker/patches/$(basename "$patch_file") no longer applies: mediasoup's source has moved on." >&2
    echo "Its first lines say what it is for: see whether it is still needed, then refresh or delete it." >&2
    exit 1
  fi
done
