/* SPDX-License-Identifier: MIT */
/*
 * campaign [OPTIONS] [SCENARIO...]: crash images of the scenarios (all of them when none
 * is named), recovered, checked and judged.
 *
 *	--seed N		first seed (1)
 *	--rounds N		so many seeds from there on (1)
 *	--budget N		images to draw for each scenario and seed (1500)
 *	--at-least N		fail when less distinct images were judged in all
 *	--sample N --dir DIR	save N images of each scenario and what we make of them
 *	--sabotage RULE		with this rule of the journal taken out (debug builds)
 *	--catch			each rule in turn: fail unless the scenarios meant for it notice
 *	--failures N		stop a scenario after so many (3)
 *	--list			names of the scenarios
 *	--inodesize N --meta-cache N --recovery-cache N --again-every N --again-depth N
 *				instead of what the scenarios have (blocks grow with inodes)
 *
 * CRASH_SAVE=PATH in the environment: the first image that fails is written there.
 * Exit: 0, 1 for failures, 2 for usage.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/compiler.h"
#include "base/sabotage.h"
#include "crash/lab.h"

struct campaign {
	struct lab_options lab;
	uint32_t rounds;
	uint64_t at_least;
	bool catch;
	struct scenario instead;	/* only what the options can change; 0: as it is */
};

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static const struct scenario *find_scenario(const char *name)
{
	for (uint32_t i = 0; i < lab_nr_scenarios; i++)
		if (strcmp(lab_scenarios[i].name, name) == 0)
			return &lab_scenarios[i];
	fprintf(stderr, "campaign: no scenario \"%s\"; --list tells them\n", name);
	exit(2);
}

static void print_result(const char *name, const struct lab_result *r, double seconds)
{
	printf("%-10s %6" PRIu64 " ops %5" PRIu64 " promises %6" PRIu64 " events %5" PRIu64
	       " flushes %6" PRIu64 " KiB log %6" PRIu64 " drawn %6" PRIu64 " judged %4" PRIu64
	       " windows %4" PRIu64 " went on %5" PRIu64 " recoveries crashed %6.1f s %s\n",
	       name, r->operations, r->promises, r->power.events, r->power.flushes,
	       r->log_bytes / 1024, r->power.drawn, r->power.judged, r->power.exhaustive,
	       r->went_on, r->again.judged, seconds, r->failures ? "FAILED" : "ok");
	fflush(stdout);
}

static void add(struct lab_result *sum, const struct lab_result *r)
{
	sum->operations += r->operations;
	sum->promises += r->promises;
	sum->log_bytes += r->log_bytes;
	sum->failures += r->failures;
	sum->samples += r->samples;
	sum->went_on += r->went_on;
	sum->power.events += r->power.events;
	sum->power.flushes += r->power.flushes;
	sum->power.drawn += r->power.drawn;
	sum->power.judged += r->power.judged;
	sum->power.exhaustive += r->power.exhaustive;
	sum->again.judged += r->again.judged;
}

static struct scenario altered(const struct scenario *scenario, const struct scenario *instead)
{
	struct scenario s = *scenario;

	if (instead->inodesize) {
		s.inodesize = instead->inodesize;
		if (s.blocksize)
			s.blocksize = XFS_MAX(s.blocksize, 2 * s.inodesize);
	}
	if (instead->meta_cache)
		s.meta_cache = instead->meta_cache;
	if (instead->recovery_cache)
		s.recovery_cache = instead->recovery_cache;
	if (instead->again_every)
		s.again_every = instead->again_every;
	if (instead->again_depth)
		s.again_depth = instead->again_depth;
	return s;
}

static int run_all(const struct campaign *c, const struct scenario *const *scenarios, uint32_t nr)
{
	struct lab_result sum = {0};
	uint64_t judged;

	for (uint32_t i = 0; i < nr; i++) {
		struct scenario scenario = altered(scenarios[i], &c->instead);
		struct lab_options o = c->lab;
		struct lab_result of = {0};
		double begin = cpu_seconds();

		for (uint32_t round = 0; round < c->rounds; round++, o.seed++) {
			struct lab_result r = {0};

			lab_run(&scenario, &o, &r);
			add(&of, &r);
		}
		print_result(scenarios[i]->name, &of, cpu_seconds() - begin);
		add(&sum, &of);
	}
	if (nr > 1)
		print_result("all", &sum, cpu_seconds());
	judged = sum.power.judged + sum.again.judged;
	printf("%" PRIu64 " crash images judged (%" PRIu64 " of scenarios, %" PRIu64
	       " of recoveries), %" PRIu64 " failures, seeds %" PRIu64 " to %" PRIu64 "\n", judged,
	       sum.power.judged, sum.again.judged, sum.failures, c->lab.seed,
	       c->lab.seed + c->rounds - 1);
	if (judged < c->at_least) {
		printf("less than the %" PRIu64 " that there should be\n", c->at_least);
		return 1;
	}
	return sum.failures != 0;
}

#ifdef XFSWRITE_DEBUG
static int find_rule(const char *name)
{
	for (int rule = 0; rule < XFS_RULE_COUNT; rule++)
		if (strcmp(xfs_rule_name((enum xfs_rule)rule), name) == 0)
			return rule;
	fprintf(stderr, "campaign: no rule \"%s\"\n", name);
	exit(2);
}

/* In a child of its own: without the rule an assertion may stop it, which is noticing too. */
static const char *try_rule(const struct campaign *c, const struct scenario *scenario,
			    enum xfs_rule rule, uint64_t *images)
{
	struct lab_options o = c->lab;
	struct lab_result r = {0};
	int fd[2], status;
	pid_t pid;

	if (pipe(fd))
		abort();
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		abort();
	if (!pid) {
		o.sabotage = 1u << rule;
		o.quiet = true;
		o.max_failures = 1;
		if (!freopen("/dev/null", "w", stderr))
			_exit(3);
		lab_run(scenario, &o, &r);
		if (write(fd[1], &r, sizeof(r)) != sizeof(r))
			_exit(3);
		_exit(r.failures ? 1 : 0);
	}
	close(fd[1]);
	if (read(fd[0], &r, sizeof(r)) == sizeof(r))
		*images += r.power.judged + r.again.judged;
	close(fd[0]);
	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (WIFSIGNALED(status))
		return "stopped";
	return WEXITSTATUS(status) ? "wrong" : NULL;
}

/* One line of the table; false: it did not notice. */
static bool tell_rule(const struct campaign *c, const struct scenario *scenario, enum xfs_rule rule)
{
	uint64_t images = 0;
	const char *how = try_rule(c, scenario, rule, &images);

	printf("%-16s %-10s %-8s %" PRIu64 "\n", xfs_rule_name(rule), scenario->name,
	       how ? how : "MISSED", images);
	fflush(stdout);
	return how;
}

/* Each scenario must notice what it is meant for, and each rule must be meant by one. */
static int catch_all(const struct campaign *c, const struct scenario *const *scenarios,
		     uint32_t nr)
{
	int missed = 0;

	printf("%-16s %-10s %-8s %s\n", "rule taken out", "scenario", "how", "images until then");
	for (int rule = 0; rule < XFS_RULE_COUNT; rule++) {
		bool meant = false;

		for (uint32_t i = 0; i < nr; i++) {
			if (!(scenarios[i]->rules >> rule & 1))
				continue;
			meant = true;
			missed += !tell_rule(c, scenarios[i], (enum xfs_rule)rule);
		}
		if (!meant && nr == lab_nr_scenarios) {
			printf("%-16s NOBODY\n", xfs_rule_name((enum xfs_rule)rule));
			missed++;
		}
	}
	return missed != 0;
}
#else
static int find_rule(const char *name)
{
	(void)name;
	fprintf(stderr, "campaign: rules can be taken out in debug builds only\n");
	exit(77);
}

static int catch_all(const struct campaign *c, const struct scenario *const *scenarios,
		     uint32_t nr)
{
	(void)c;
	(void)scenarios;
	(void)nr;
	return find_rule("");
}
#endif

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"seed", 1, NULL, 's'}, {"rounds", 1, NULL, 'r'}, {"budget", 1, NULL, 'b'},
		{"at-least", 1, NULL, 'a'}, {"sample", 1, NULL, 'n'}, {"dir", 1, NULL, 'd'},
		{"sabotage", 1, NULL, 'x'}, {"catch", 0, NULL, 'c'}, {"failures", 1, NULL, 'f'},
		{"list", 0, NULL, 'l'}, {"inodesize", 1, NULL, 'i'}, {"meta-cache", 1, NULL, 'm'},
		{"recovery-cache", 1, NULL, 'R'}, {"again-every", 1, NULL, 'E'},
		{"again-depth", 1, NULL, 'D'}, {NULL, 0, NULL, 0},
	};
	struct campaign c = {
		.lab = {.seed = 1, .budget = 1500, .max_failures = 3}, .rounds = 1,
	};
	const struct scenario *scenarios[64];
	uint32_t nr = 0;
	int opt;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (opt) {
		case 's':
			c.lab.seed = strtoull(optarg, NULL, 0);
			break;
		case 'r':
			c.rounds = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'b':
			c.lab.budget = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'a':
			c.at_least = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			c.lab.samples = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'd':
			c.lab.sample_dir = optarg;
			break;
		case 'x':
			c.lab.sabotage |= 1u << find_rule(optarg);
			break;
		case 'c':
			c.catch = true;
			break;
		case 'f':
			c.lab.max_failures = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'i':
			c.instead.inodesize = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'm':
			c.instead.meta_cache = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'R':
			c.instead.recovery_cache = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'E':
			c.instead.again_every = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'D':
			c.instead.again_depth = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'l':
			for (uint32_t i = 0; i < lab_nr_scenarios; i++)
				printf("%-10s %s\n", lab_scenarios[i].name, lab_scenarios[i].what);
			return 0;
		default:
			return 2;
		}
	}
	if (!c.lab.samples != !c.lab.sample_dir || !c.lab.budget || !c.lab.max_failures)
		return 2;
	for (; optind < argc && nr < ARRAY_SIZE(scenarios); optind++)
		scenarios[nr++] = find_scenario(argv[optind]);
	if (!nr)
		for (; nr < lab_nr_scenarios; nr++)
			scenarios[nr] = &lab_scenarios[nr];
	return c.catch ? catch_all(&c, scenarios, nr) : run_all(&c, scenarios, nr);
}
