/* SPDX-License-Identifier: MIT */
/*
 * Makes inputs of fuzz_recover: pack_log DIRECTORY.  One transaction with an item of every type,
 * and one for each type of item alone, where intents have no done item.
 */
#include "unit/log/recover_rig.h"

static struct rig rig;

static void put(FILE *out, const uint8_t *op)
{
	uint32_t len = get_be32(op + 4);

	fputc(0, out);
	fputc((int)(len >> 8 & 0xff), out);
	fputc((int)(len & 0xff), out);
	fwrite(op + 12, 1, len, out);
}

int main(int argc, char **argv)
{
	const uint8_t *p, *end;
	FILE *everything, *one = NULL;
	uint32_t regions = 0;
	char path[4096];

	if (argc != 2)
		return 2;
	rig_new(&rig, NULL);
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	p = rig.b.record + 512 + rig.b.used;
	put_everything(&rig);
	end = rig.b.record + 512 + rig.b.used;
	snprintf(path, sizeof(path), "%s/everything", argv[1]);
	everything = fopen(path, "w");
	for (; everything && p < end; p += 12 + get_be32(p + 4)) {
		put(everything, p);
		if (!regions) {
			uint16_t head[2];

			memcpy(head, p + 12, sizeof(head));
			regions = head[1];
			if (one && fclose(one))
				return 1;
			snprintf(path, sizeof(path), "%s/%s", argv[1], xlog_item_name(head[0]));
			one = fopen(path, "w");
			if (!one)
				return 1;
		}
		put(one, p);
		regions--;
	}
	if (!everything || fclose(everything) || (one && fclose(one)))
		return 1;
	rig_free(&rig);
	return 0;
}
