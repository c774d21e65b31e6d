/* SPDX-License-Identifier: MIT */
/*
 * Fills a mounted file system for shell tests: see support/fill.h.
 *
 *   fill_image [-s SEED] [-b BLOCK] [-D DIRBLOCK] [-i INODESIZE] [-n PERCENT]
 *              [-w SECTIONS] DIR        sections: letters of d a f m c, default all
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "support/fill.h"

int main(int argc, char **argv)
{
	struct test_fill_options o = {
		.seed = 1, .blocksize = 4096, .dirblksize = 4096, .inodesize = 512, .percent = 100,
		.what = TEST_FILL_ALL,
	};
	static const char letters[] = "dafmc";
	struct test_fill_result res;
	int c, error;

	while ((c = getopt(argc, argv, "s:b:D:i:n:w:")) != -1) {
		uint32_t n = (uint32_t)strtoul(optarg ? optarg : "0", NULL, 0);

		switch (c) {
		case 's':
			o.seed = strtoull(optarg, NULL, 0);
			break;
		case 'b':
			o.blocksize = n;
			break;
		case 'D':
			o.dirblksize = n;
			break;
		case 'i':
			o.inodesize = n;
			break;
		case 'n':
			o.percent = n;
			break;
		case 'w':
			o.what = 0;
			for (const char *p = optarg; *p; p++) {
				const char *q = strchr(letters, *p);

				if (q)
					o.what |= 1u << (q - letters);
			}
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc)
		return 2;
	o.top = argv[optind];
	error = test_fill(&o, &res);
	printf("fill_image: %" PRIu64 " calls, %" PRIu64 " refused\n", res.calls, res.refused);
	if (error)
		fprintf(stderr, "fill_image: seed %" PRIu64 ": %s\n", o.seed, res.failed);
	return error != 0;
}
