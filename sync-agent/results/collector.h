/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-collect: the program that collects one result, as the job's owner (sync-agent/collect/). It is a
 *program, not a child alone, so that nothing the agent has in memory is in its own.
 *
 * Its standard input is the request, one JSON object:
 *	{"folder": "/home/alice/run", "from": "out/[a-z]", "optional": false, "maxBytes": N,
 *"seconds": N, "manifest": "SHA256SUMS", "to": "volume" | "configMap" | "http", "root":
 *"/mnt/export/pv1", "path": "runs/12"          volume: both may be a folder that is made below root
 *	 "key": "summary.txt"                                  configMap: of one file; may be
 *missing "url": "https://...", "authorization": "...", "ca": "/etc/..."   http: the last two may be
 *missing} It answers on COLLECTOR_FD with lines of JSON, the last of which has "done" or "error":
 *	{"files": N, "bytes": N, "totalBytes": N}
 *	{"done": true, "files": N, "bytes": N, "totalBytes": N, "sha256": [{"path": ..., "sha256":
 *...}], "data": {KEY: TEXT}, "binaryData": {KEY: BASE64}}     the last two for a ConfigMap
 *	{"error": "..."} */
#ifndef AGENT_RESULTS_COLLECTOR_H
#define AGENT_RESULTS_COLLECTOR_H

#define COLLECTOR_PROGRAM SLURM_KUBE_LIBEXECDIR "/slurm-kube-collect"
#define COLLECTOR_FD 3
#define COLLECTOR_GRACE 10	     /* seconds after its own limit until it is ended */
#define COLLECTOR_LINE_MAX (8 << 20) /* bytes of a line: a ConfigMap's content, escaped */
#define COLLECTOR_MAP_MAX (1 << 20)  /* bytes of a ConfigMap's content */
#define COLLECTOR_FILES_MAX 10000
#define COLLECTOR_SUMS 32	  /* files whose checksums it tells */
#define COLLECTOR_SUMS_BYTES 8192 /* ... and the most that their names may have */

/* Become that program: body is the request, to where it answers. It is ended after seconds, and a
 * little. */
void collector_exec(int body, int to, unsigned seconds) __attribute__((noreturn));

#endif
