/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm runs containers itself where the site has configured that: then this plugin steps aside. */
#ifndef SPANK_OCI_CONF_H
#define SPANK_OCI_CONF_H

#include <stdbool.h>

/* Is there an oci.conf next to slurm.conf? */
bool slurm_has_oci_conf(void);

#endif
