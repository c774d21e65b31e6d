#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Stores in tests/abi/xfswrite.abi what the public headers declare now, and says what changed.  Run it
# when a change of include/ is meant, and commit the file with the change.
#
#   update.sh [CC [FLAG...]]    CC: gcc when not given; needs abigail-tools
exec python3 "$(dirname "$0")/diff.py" update "$@"
