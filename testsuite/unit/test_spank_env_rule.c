/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "spank/holder/env_rule.h"

static void test_env_rule(void **state)
{
	static const struct {
		const char *assignment;
		bool taken;
	} rows[] = {
		{ "PATH=/bin", true },	 { "LD_PRELOAD=x", true },	{ "EMPTY=", true },
		{ "A=b=c", true },	 { "SLURM=1", true },		{ "PMI=1", true },
		{ "HOMES=1", true },	 { "TERM=xterm", true },	{ "", false },
		{ "=x", false },	 { "PATH", false },		{ "HOME=/root", false },
		{ "USER=root", false },	 { "TMPDIR=/x", false },	{ "SLURM_JOB_ID=1", false },
		{ "SLURMD_X=1", false }, { "PMI_RANK=1", false },	{ "PMIX_RANK=1", false },
		{ "OMPI_X=1", false },	 { "CUDA_VISIBLE_DEVICES=", false }, { "SPANK_X=1", false },
		/* What tunes MPI: the job's, if it says so. */
		{ "UCX_TLS=tcp", false },      { "UCX_TL=tcp", true },
		{ "UCX_MODULE_DIR=/x", true }, { "OMPI_MCA_btl=self", false },
		{ "OMPI_MCA_pml=ob1", true },  { "PMIX_MCA_gds=hash", true },
		{ "I_MPI_ROOT=/image", true }, { "I_MPI_FABRICS=shm", true },
	};

	setenv("UCX_TLS", "rc", 1);
	setenv("UCX_MODULE_DIR", "/host", 1);
	setenv("OMPI_MCA_btl", "", 1);
	setenv("I_MPI_ROOT", "/host", 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		row("%s", rows[i].assignment);
		assert_int_equal(env_rule_takes(rows[i].assignment), rows[i].taken);
	}
}

static void test_merge(void **state)
{
	static const struct {
		const char *image[5];
		const char *options;
		const char *set; /* what is set, with ';' for the NULs; NULL: too much */
	} rows[] = {
		{ { NULL }, NULL, "" },
		{ { "A=1", "HOME=/x", "B=2" }, NULL, "A=1;B=2;" },
		/* The job has IN_JOB, so its own is kept. */
		{ { "A=1", "IN_JOB=image" }, "IN_JOB", "A=1;" },
		{ { "A=1", "B=2" }, "NOT_IN_JOB,B", "A=1;B=2;" },
		{ { "A=1", "B=2" }, "A=9", "B=2;A=9;" },
		{ { "A=1" }, "HOME=/root,SLURM_JOB_ID=7", "A=1;HOME=/root;SLURM_JOB_ID=7;" },
		{ { NULL }, "A=x\\,y,B=\\\\", "A=x,y;B=\\;" },
		{ { NULL }, ",,=x,A=,", "A=;" },
		{ { "A=1234567890123456789012345678901234567890" }, NULL, NULL },
	};

	setenv("IN_JOB", "job", 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer b = BUFFER_INIT(40);
		struct error err = { 0 };
		int rc = env_rule_merge((char *const *)rows[i].image, rows[i].options, &b, &err);

		row("%s", rows[i].options ? rows[i].options : "(none)");
		assert_int_equal(rc, rows[i].set ? 0 : -1);
		if (!rows[i].set)
			continue;
		for (size_t n = 0; n < b.used; n++)
			if (!b.data[n])
				b.data[n] = ';';
		assert_string_equal(b.data ? b.data : "", rows[i].set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_env_rule),
		cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
