/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Image names as pyxis has them, for --container-image: "[USER@][REGISTRY#]NAME[:TAG]" or a path,
 * which begins with '/' or '.'. Source: pyxis, README.md; enroot, doc/cmd/import.md. */
#ifndef SPANK_CLIENT_ALIAS_H
#define SPANK_CLIENT_ALIAS_H

/* The name for --container: paths and what has a kind already ("docker://", "oci:") as they are,
 * but for a '#' in a docker:// name; all else becomes docker://[REGISTRY/]NAME. USER is left out,
 * since the credentials are those of the user's auth file. The caller frees it; NULL if memory is
 * short. */
char *alias_image(const char *text);

#endif
