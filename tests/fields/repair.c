/* SPDX-License-Identifier: MIT */
/* What xfs_repair says of an image. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "fields/fields.h"

/* xfs_repair -n tells its phases and steps; every other line is a finding. */
static bool is_finding(const char *line)
{
	static const char *const no_finding[] = {
		"Phase ",
		"        - ",
		"No modify flag set",
		"Cannot get host filesystem geometry",
		"Repair may fail if there is a sector size mismatch",
		"the image and the host",
	};

	for (size_t i = 0; i < ARRAY_SIZE(no_finding); i++) {
		if (!strncmp(line, no_finding[i], strlen(no_finding[i])))
			return false;
	}
	return line[strspn(line, " \n")] != '\0';
}

#define SECONDS		30u
#define LOADED		4u	/* times as long, on a machine with much to do */

/* What damage makes it allocate or loop over is bounded; 124 and 137: time was over. */
static enum verdict judge(const char *command, const char *image, unsigned int seconds, bool *late)
{
	char cmd[1024], line[1024];
	bool found = false;
	FILE *out;
	int status;

	snprintf(cmd, sizeof(cmd),
		 "ulimit -v 4000000; ulimit -c 0; LC_ALL=C timeout -s KILL %u %s -n '%s' 2>&1",
		 seconds, command, image);
	out = popen(cmd, "r");
	if (!out)
		return VERDICT_NONE;
	while (fgets(line, sizeof(line), out)) {
		found |= is_finding(line);
		if (getenv("FIELDS_REPAIR_SAYS") && is_finding(line))
			fprintf(stderr, "    repair: %s", line);
	}
	status = pclose(out);
	if (status == -1)
		return VERDICT_NONE;
	*late = WIFEXITED(status) && (WEXITSTATUS(status) == 124 || WEXITSTATUS(status) == 137);
	if (!WIFEXITED(status) || WEXITSTATUS(status) >= 124)
		return VERDICT_DIES;
	return found || WEXITSTATUS(status) ? VERDICT_REPORTS : VERDICT_SILENT;
}

enum verdict repair_judge(const char *command, const char *image)
{
	bool late = false;
	enum verdict v = judge(command, image, SECONDS, &late);

	return late ? judge(command, image, LOADED * SECONDS, &late) : v;
}
