#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Make ./configure from a git clone.
cd "$(dirname "$0")" && mkdir -p build-aux && exec autoreconf --install
