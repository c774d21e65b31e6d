/* SPDX-License-Identifier: MIT */
/* What the campaigns of this folder are told on their command lines. */
#ifndef FUZZ_CAMPAIGN_H
#define FUZZ_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>

struct campaign {
	uint64_t seed;		/* -s SEED */
	uint64_t amount;	/* of -n ROUNDS or -t SECONDS, as the campaign has it */
	uint64_t only;		/* -r ROUND: this one alone, to repeat a failure */
	bool one_round;
	bool verbose;		/* -v */
	const char *what;	/* -w LETTERS; NULL: not given */
};

/*
 * Read the options; @c has the defaults.  @letters: those that this campaign has, as getopt() wants
 * them.  False: one that it has not.  optind is the first argument that is none.
 */
bool campaign_options(struct campaign *c, int argc, char **argv, const char *letters);

#endif
