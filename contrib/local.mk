# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += contrib/packages contrib/build contrib/demo contrib/check contrib/slurm-kube-agent.service
