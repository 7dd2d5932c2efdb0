/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/notify.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "sync-agent/clock.h"
#include "sync-agent/metrics/report.h"

#define STATUS_SPACING 2000000 /* microseconds between two status lines */

static struct {
	bool known;	     /* the two below are set */
	bool listens;	     /* somebody wants to be notified */
	uint64_t watchdog;   /* microseconds; 0: none */
	int64_t watchdog_at; /* monotonic: the next time */
	int64_t status_at;
	char status[200];
} self;

static void know(void)
{
	if (self.known)
		return;
	self.known = true;
	self.listens = getenv("NOTIFY_SOCKET") != NULL;
	if (sd_watchdog_enabled(0, &self.watchdog) <= 0)
		self.watchdog = 0;
}

void notify_ready(void)
{
	sd_notify(0, "READY=1");
}

static void step_status(const struct agent *a, int64_t now)
{
	char status[sizeof(self.status)];

	if (now < self.status_at)
		return;
	self.status_at = now + STATUS_SPACING;
	report_status(a, status, sizeof(status));
	if (!strcmp(status, self.status))
		return;
	memcpy(self.status, status, sizeof(status));
	sd_notifyf(0, "STATUS=%s", status);
}

int64_t notify_step(const struct agent *a)
{
	int64_t now = clock_us();

	know();
	if (!self.listens)
		return INT64_MAX;
	if (self.watchdog && now >= self.watchdog_at) {
		sd_notify(0, "WATCHDOG=1");
		self.watchdog_at = now + (int64_t)self.watchdog / 2;
	}
	step_status(a, now);
	return self.watchdog && self.watchdog_at < self.status_at ? self.watchdog_at
								  : self.status_at;
}

void notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_us());
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=Ending");
}
