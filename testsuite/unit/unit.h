/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test includes: cmocka, with what its header asks for first. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"

/* Names the row of a table that fails. */
#define row(format, ...) print_message("  row: " format "\n", __VA_ARGS__)

#endif
