/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of trackable resources and qualities of service, of which slurmdbd's job records have the
 * numbers. For one thread alone. */
#ifndef AGENT_SLURM_ACCOUNTING_NAMES_H
#define AGENT_SLURM_ACCOUNTING_NAMES_H

#include <stdint.h>

/* Ask for them on a connection of slurmdb_connection_get(), unless that was done not long ago. */
void accounting_names_load(void *connection);

/* "cpu", "gres/gpu"; "normal". NULL if it is not known. They live until the next load. */
const char *accounting_tres_name(uint32_t id);
const char *accounting_qos_name(uint32_t id);

#endif
