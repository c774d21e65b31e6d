/* SPDX-License-Identifier: MIT */
/*
 * model_data as a campaign: each seed has a shape of volume of its own - block size, memory, features,
 * journal, how full it gets - and a process of its own, so that one that fails does not end the others.  It
 * prints the seeds that failed; --seed S --ops 1 repeats one of them.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/compiler.h"
#include "model/data_model.h"

struct totals {
	uint64_t ops, exchanged, crashes, deduped, enospc;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The shape of a seed: one of the fixed ones now and then. */
static struct config shape(void)
{
	static const uint32_t sizes[] = { 1024, 1024, 2048, 4096, 4096, 4096, 8192, 16384, 65536 };
	struct config c = { .name = "campaign" };
	uint64_t bs;

	rnd = test_rand(0);
	if (below(6) == 0) {
		c = data_configs[below(data_nr_configs)];
	} else {
		bs = c.blocksize = sizes[below(ARRAY_SIZE(sizes))];
		c.nfiles = (int)(2 + below(MAX_FILES - 1));
		c.window = (16 + below(100)) * bs;
		c.max_write = (uint32_t)(bs + below(below(3) ? 8 * bs : c.window / 2));
		c.cache_bytes = (1 + below(6)) << 20;
		c.device_bytes = XFS_MAX(bs * 16384, 64u << 20);
		c.allocsize = below(4) ? 0 : (uint32_t)(bs << below(5));
		c.ops = 1500 + (uint32_t)below(2000);
		c.agcount = below(2) ? 0 : 1 + (uint32_t)below(6);
		c.full = bs <= 4096 && below(4) == 0;
		if (c.full) {
			c.device_bytes = XFS_MAX(bs * 8192, 16u << 20);
			c.nfiles = MAX_FILES;
			c.window = c.device_bytes / 11 / bs * bs + bs * below(200);
			c.max_write = (uint32_t)(bs * 300);
			c.agcount = 1;
		}
		/* An AG has 16 MiB. */
		c.agcount = (uint32_t)XFS_MIN((uint64_t)c.agcount, c.device_bytes >> 24);
		if (c.allocsize && c.allocsize < 4096)
			c.allocsize = 4096;
	}
	c.old = below(3) == 0;
	c.plain = c.old && below(3) == 0;
	c.journal = below(3) != 0;
	c.any_end = true;
	return c;
}

static void describe(const struct config *c)
{
	fprintf(stderr, "%s: %u blocks, %" PRIu64 " MiB, %u AGs, %d files of 2 * %" PRIu64 ", writes of %u, "
		"%" PRIu64 " cache, allocsize %u%s%s%s%s\n", c->name, c->blocksize, c->device_bytes >> 20,
		c->agcount, c->nfiles, c->window, c->max_write, c->cache_bytes, c->allocsize,
		c->full ? ", full" : "", c->journal ? ", journal" : "", c->old ? ", old" : "",
		c->plain ? ", plain" : "");
}

/* In a child: its sums are added by its end; an abort leaves them out. */
static int one_seed(uint64_t seed, struct totals *sum)
{
	struct config c;
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		exit(1);
	if (pid) {
		while (waitpid(pid, &status, 0) != pid)
			;
		return status;
	}
	test_seed_init(seed);
	c = shape();
	if (getenv("XFSWRITE_VERBOSE"))
		describe(&c);
	data_run(&c, 1);
	sum->ops += nr_ops;
	sum->exchanged += nr_exchanged;
	sum->crashes += nr_crashes;
	sum->deduped += nr_deduped;
	sum->enospc += nr_enospc;
	_exit(0);
}

int data_campaign(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ops", 1, NULL, 'o' }, { "budget", 1, NULL, 'b' }, { "seed", 1, NULL, 's' }, { 0 },
	};
	uint64_t ops = UINT64_MAX, seed = 1, seeds = 0, failed = 0;
	double end = now() + 1e9;
	struct totals *sum = mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				  -1, 0);

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'o')
			ops = strtoull(optarg, NULL, 0);
		else if (c == 'b')
			end = now() + strtod(optarg, NULL);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			return 2;
	}
	if (sum == MAP_FAILED)
		return 1;
	for (; sum->ops < ops && now() < end; seed++, seeds++) {
		int status = one_seed(seed, sum);

		if (status) {
			failed++;
			printf("FAILED: --seed %" PRIu64 " --ops 1 (status %#x)\n", seed, status);
		}
		if (status || seeds % 100 == 99)
			printf("%" PRIu64 " operations, %" PRIu64 " seeds, %" PRIu64 " failed\n", sum->ops,
			       seeds + 1, failed);
		fflush(stdout);
		if (failed && sum->ops == 0 && ops == 1)
			break;
	}
	printf("%" PRIu64 " operations, %" PRIu64 " seeds up to %" PRIu64 ", %" PRIu64 " failed; %" PRIu64
	       " exchanges, %" PRIu64 " crashes, %" PRIu64 " dedupes, %" PRIu64 " times no space\n", sum->ops,
	       seeds, seed - 1, failed, sum->exchanged, sum->crashes, sum->deduped, sum->enospc);
	munmap(sum, sizeof(*sum));
	return failed != 0;
}
