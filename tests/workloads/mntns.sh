#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: mntns.sh PROGRAM DIRECTORY [ARG...]
# Run a copy of PROGRAM at DIRECTORY/hidden in a mount namespace of its own, where alone
# that file exists: as in a container, the path means nothing to those outside.
exec unshare --mount --propagation private sh -c '
	program=$1
	cd "$2" && mount -t tmpfs none "$2" && cp "$program" "$2/hidden" || exit 1
	directory=$2
	shift 2
	exec "$directory/hidden" "$@"' sh "$@"
