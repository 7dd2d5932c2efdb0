# SPDX-License-Identifier: GPL-2.0-or-later
# What `kubectl apply -k` takes.
crddir = $(pkgdatadir)/crd
dist_crd_DATA = crd/slurmjob.yaml crd/slurmcluster.yaml crd/slurmpartition.yaml crd/rbac.yaml crd/kustomization.yaml
