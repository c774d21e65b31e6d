/* SPDX-License-Identifier: MIT */
/* What the campaigns of hostile images share: their options. */
#include <stdlib.h>
#include <unistd.h>
#include "fuzz/campaign.h"

bool campaign_options(struct campaign *c, int argc, char **argv, const char *letters)
{
	int opt;

	while ((opt = getopt(argc, argv, letters)) != -1) {
		switch (opt) {
		case 'n':
		case 't':
			c->amount = strtoull(optarg, NULL, 0);
			break;
		case 's':
			c->seed = strtoull(optarg, NULL, 0);
			break;
		case 'r':
			c->only = strtoull(optarg, NULL, 0);
			c->one_round = true;
			break;
		case 'v':
			c->verbose = true;
			break;
		case 'w':
			c->what = optarg;
			break;
		default:
			return false;
		}
	}
	return true;
}
