/* SPDX-License-Identifier: MIT */
/* What the files of model_quota share: objects and owners, and the plain count of what they use. */
#ifndef MODEL_QUOTA_MODEL_H
#define MODEL_QUOTA_MODEL_H

#include "quota/quota_priv.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define MAX_OBJECTS 60u
#define NR_IDS	    4u
#define PATH_ROOM   512u

enum kind { NONE, REGULAR, DIRECTORY, LINK, FIFO, KINDS };

struct object {
	enum kind kind;
	bool gone; /* it has no name any more, but is open */
	char path[PATH_ROOM];
	struct xfs_file *file; /* open, or NULL */
};

extern struct test_fs fs;
extern struct xfs_rand rnd;
extern struct object objects[MAX_OBJECTS];
extern uint32_t block_size;
/* Owners; the first of each type is root's. */
extern const uint32_t quota_ids[XFS_QUOTA_TYPES][NR_IDS];

uint32_t below(uint32_t n);
__attribute__((noreturn)) void model_die(const char *file, int line, const char *what);
#define FAIL(what)  model_die(__FILE__, __LINE__, what)
#define CHECK(cond) ((cond) ? (void)0 : model_die(__FILE__, __LINE__, #cond))
#define OK(expr)    CHECK((expr) >= 0)

/* ---- quota_model.c ---- */
void quota_forget(void);
/* Bits of types: which are on, which of these are enforced. */
void quota_turn_on(uint32_t types, uint32_t enforced);
bool quota_is_enforced(void);
void quota_set_some_limit(void);
/* After a crash: which ones became stable. */
void quota_read_defaults(void);
/* What a file that is made as @path belongs to. */
uint32_t quota_project_of(const char *path);
void quota_owners_of_directory(const char *path, uint32_t ids[XFS_QUOTA_TYPES]);
/* Can these be refused to that owner now? */
bool quota_has_no_room(uint32_t type, uint32_t id, uint64_t blocks, uint64_t inodes);
/* What there is before a call, and after it: all counts are right, and limits held unless @forced.
 * How many are over them. */
void quota_remember(void);
uint64_t quota_compare(bool forced);
/* All that was made is gone. */
void quota_expect_nothing(void);

#endif
