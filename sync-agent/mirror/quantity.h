/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts as Kubernetes writes them: "500m", "2", "1.5Gi", "1e3". Pure.
 * Source: k8s.io/apimachinery/pkg/api/resource, Quantity. */
#ifndef AGENT_MIRROR_QUANTITY_H
#define AGENT_MIRROR_QUANTITY_H

#include <stdint.h>

/* Read text (NULL is none) times scale, rounded up: with 1000 "1.5" is 1500, "1m" is 1.
 * Returns 0, or -1 if it is no quantity, below 0 or too large. */
int quantity_parse(const char *text, int64_t scale, int64_t *ret);

#endif
