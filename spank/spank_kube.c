/* SPDX-License-Identifier: GPL-2.0-or-later */
typedef int spank_kube_placeholder;
