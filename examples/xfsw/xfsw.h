/* SPDX-License-Identifier: MIT */
/*
 * xfsw: what its files share.
 *
 * A verb is a table entry (struct xfsw_verb) and a function.  The command line
 * and the shell both turn words into a struct xfsw_call: options checked
 * against the table, the image opened as the table asks, operands counted.
 * The function looks at its call and returns an exit code.  So every verb works
 * in both places, and none of them opens images or parses numbers its own way.
 *
 * The tool uses the public headers of the library only.
 */
#ifndef XFSW_H
#define XFSW_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <xfswrite/check.h>
#include <xfswrite/xfswrite.h>

/* Exit codes; scripts rely on them, `xfsw help` lists them. */
enum {
	XFSW_OK = 0,
	XFSW_FAILED = 1,	/* an operation failed, or check found something */
	XFSW_USAGE = 2,
	XFSW_NO_IMAGE = 3,	/* the image cannot be opened, or is no XFS v5 we can work on */
	XFSW_DIRTY_LOG = 4,
	XFSW_INTERRUPTED = 130,
};

enum xfsw_open {
	XFSW_OPEN_NONE,		/* the verb has no image, or opens it by itself */
	XFSW_OPEN_DEVICE,	/* the device only, read-only: check, dump */
	XFSW_OPEN_READ,
	XFSW_OPEN_WRITE,
};

#define XFSW_NO_SHELL	(1u << 0)	/* not a shell command */
#define XFSW_SHELL_ONLY	(1u << 1)
#define XFSW_JSON	(1u << 2)	/* knows --json */
#define XFSW_LONG_WORK	(1u << 4)	/* ends by itself, soon, when interrupted */
#define XFSW_ANY_STATE	(1u << 5)	/* reads unfinished images and dirty logs */
#define XFSW_GLOB_ALL	(1u << 6)	/* operands may be patterns for paths of the image */
#define XFSW_GLOB_SOURCES (1u << 7)	/* the same, but not the last one */
#define XFSW_IN_ORDER	(1u << 8)	/* the first operand ends the options */

struct xfsw_call;

/* What people want to do, in the order of the help. */
enum xfsw_group {
	XFSW_GROUP_MAKE,
	XFSW_GROUP_LOOK,
	XFSW_GROUP_COPY,
	XFSW_GROUP_CHANGE,
	XFSW_GROUP_ATTRS,
	XFSW_GROUP_CARE,
	XFSW_GROUP_QUOTA,
	XFSW_GROUP_OTHER,
	XFSW_GROUP_SHELL,
};

/*
 * An option: what the command line is parsed by, and what help, man page and completions say.
 * Entries without @text share that of the next one; @id 0 makes @text a heading.
 */
struct xfsw_option {
	int id;			/* letter, or XFSW_OPT_* */
	const char *name;	/* after "--"; NULL: only the letter */
	const char *arg;	/* what follows, "[=...]" if it may be left out; NULL: nothing */
	const char *text;
};
#define XFSW_OPTIONS_END { 0, NULL, NULL, NULL }
#define XFSW_SHARED_MAX	4u

struct xfsw_verb {
	const char *name;
	enum xfsw_group group;
	const char *operands;		/* as the usage line shows them; image included */
	const char *summary;		/* one line */
	/* Paragraphs, one a line; lines that begin with a blank are printed as they are. */
	const char *help;
	const char *examples;		/* one a line; a test runs them */
	const struct xfsw_option *options;	/* NULL: none */
	const struct xfsw_option *shared[XFSW_SHARED_MAX];	/* those of several verbs */
	const char *hidden_letters;	/* as getopt: what looks like an option and is an operand */
	enum xfsw_open open;
	unsigned int flags;		/* XFSW_* */
	int min_operands;		/* without the image */
	int max_operands;		/* -1: any number */
	int (*run)(struct xfsw_call *call);
};

/* Values of options that have no letter; those of one verb start at XFSW_OPT_VERB. */
enum {
	XFSW_OPT_PARTITION = 256,
	XFSW_OPT_OFFSET,
	XFSW_OPT_LOGDEV,
	XFSW_OPT_NORECOVERY,
	XFSW_OPT_IN_MEMORY,
	XFSW_OPT_UNJOURNALLED,
	XFSW_OPT_READONLY,	/* of the shell */
	XFSW_OPT_JSON,
	XFSW_OPT_HELP,
	XFSW_OPT_QUIET,
	XFSW_OPT_NO_GLOB,
	XFSW_OPT_STATS,
	XFSW_OPT_VERB = 512,
};

struct xfsw_opt {
	int id;			/* letter or XFSW_OPT_* */
	const char *arg;	/* NULL when it takes none */
};

/* Host files that a call works on: image and log, and what stands below them. */
#define XFSW_OWN_MAX	4u
struct xfsw_own {
	struct stat v[XFSW_OWN_MAX];
	unsigned int n;
};

/* What went wrong in a verb that answers in JSON, to be told in there as well. */
#define XFSW_ERRORS_MAX	1000
struct xfsw_errors {
	struct xfsw_error {
		char *path;	/* NULL: of no object */
		char *text;
		int error;	/* errno, 0: none */
	} *v;
	size_t n, max;
	uint64_t dropped;	/* beyond XFSW_ERRORS_MAX */
	bool told;		/* they stand in the document */
};

struct xfsw_image {
	const char *path;
	struct xfsw_own own;
	struct xfs_device *dev, *logdev;
	struct xfs_mount *mp;
	uint32_t table_sector;	/* bytes, what the partition table counts in; 0: no --partition */
	bool dry;		/* dev is an overlay: nothing is kept */
	bool made;		/* the file was missing and is new */
};

struct xfsw_paths {
	char **v;
	size_t n, max;
};

/* What became of operands that are patterns. */
struct xfsw_expanded {
	struct xfsw_paths paths;
	bool matched;		/* one was a pattern and something matched it */
	bool none;		/* nothing is left to work on */
	int code;		/* the worst exit code on the way */
};

struct xfsw_call {
	const struct xfsw_verb *verb;
	struct xfsw_image *img;		/* NULL with XFSW_OPEN_NONE */
	struct xfsw_opt *opts;		/* in the order given */
	size_t nopts;
	char **argv;			/* operands, the image not among them */
	int argc;
	unsigned long line;		/* of the shell's input; 0 = command line */
	struct xfsw_expanded expanded;
	struct xfsw_errors *errors;	/* NULL without --json */
	struct xfs_env env;
};

/* ---- args.c: words, options, numbers ------------------------------------- */

/*
 * Split argv (verb's name first) into options and operands of @call->verb.
 * 0, or XFSW_USAGE with the message printed.  xfsw_call_free() afterwards, always.
 */
int xfsw_parse(struct xfsw_call *call, int argc, char **argv);
void xfsw_call_free(struct xfsw_call *call);

/*
 * The options of @verb on the command line, in the order of its help: its own, the shared ones, the
 * common ones that it has a use for.  NULL when there are no more.  @verb NULL: all common ones.
 */
const struct xfsw_option *xfsw_option_at(const struct xfsw_verb *verb, size_t n);
bool xfsw_is_common(const struct xfsw_option *option);
/* Of an option with an @arg: written "[=WORD]". */
bool xfsw_arg_is_optional(const struct xfsw_option *option);

bool xfsw_has(const struct xfsw_call *call, int id);
/* The last one given wins; NULL when absent. */
const char *xfsw_arg(const struct xfsw_call *call, int id);

/* Bytes with k, m, g, t, p (powers of 1024), b (blocks of @block_size), s (512).  False: no. */
bool xfsw_parse_size(const char *text, uint32_t block_size, uint64_t *value);
bool xfsw_parse_u64(const char *text, uint64_t max, uint64_t *value);
bool xfsw_parse_mode(const char *text, uint32_t *mode);
/*
 * mode.c: octal digits, or "u+x,g-w,a=rX" applied to *@mode, whose type counts too; no umask.  False:
 * neither, and *@mode may be anything.
 */
bool xfsw_change_mode(const char *text, uint32_t *mode);
/* Option -m as such a change of *@mode; prints and returns false if it is none. */
bool xfsw_mode_option(const struct xfsw_call *call, uint32_t *mode);
/* "@SECONDS[.FRACTION]", "YYYY-MM-DD[ T]HH:MM[:SS[.FRACTION]]" (UTC), "now". */
bool xfsw_parse_time(const char *text, struct xfs_timespec *ts);
bool xfsw_parse_uuid(const char *text, uint8_t uuid[16]);
/* Option @id into *@value, which stays when it is absent; prints and returns false if bad. */
bool xfsw_size_option(const struct xfsw_call *call, int id, uint64_t *value);
bool xfsw_number_option(const struct xfsw_call *call, int id, uint64_t max, uint64_t *value);

/* ---- glob.c: patterns ---------------------------------------------------------- */

/*
 * Patterns among the operands of @call, whose image is open, become what they match, if its verb
 * takes them.  An exit code; call->expanded.none: there is nothing to run the verb for.
 */
int xfsw_expand(struct xfsw_call *call);
bool xfsw_is_pattern(const char *text, size_t len);
void xfsw_paths_free(struct xfsw_paths *list);

/* ---- report.c: messages ------------------------------------------------------ */

/*
 * "xfsw: VERB: PATH: reason"; returns XFSW_FAILED, or XFSW_INTERRUPTED for -EINTR and -ECANCELED when
 * a signal came.
 */
int xfsw_fail(const struct xfsw_call *call, const char *path, int error);
/* The same with a text of one's own; @path may be NULL. */
int xfsw_complain(const struct xfsw_call *call, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A message and a hint at --help; returns XFSW_USAGE. */
int xfsw_usage(const struct xfsw_call *call, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Text of @error (negative errno), with the library's own words where they add something: those of
 * its newest failure, if that has not been told of yet and nothing else failed after it.
 */
const char *xfsw_reason(int error, char *buf, size_t size);
/*
 * @error, or -errno: the host or the tool itself refuses something.  What the library said before is
 * not the reason, though it may have been the same errno.
 */
int xfsw_error(int error);
int xfsw_errno(void);
/* Standard output was written completely?  Prints and returns XFSW_FAILED if not. */
int xfsw_finish_output(const struct xfsw_call *call);

/* stats.c: what the library has done for the verb, on standard error; the image is open. */
void xfsw_print_stats(struct xfsw_call *call);
/* @bytes in at most 8 characters, "1.5 GiB". */
const char *xfsw_human(uint64_t bytes, char buf[16]);
/*
 * A name as the user sees it: as is, or with C escapes for what could move a cursor, reorder the
 * line or hide: controls (C1 as well), directional marks, bytes that are no UTF-8.
 */
void xfsw_print_name(FILE *out, const char *name, size_t len, bool escape);
/* A text with names in it, in the same way; its backslashes stay. */
void xfsw_print_text(FILE *out, const char *text, size_t len);

/* ---- image.c: opening and closing ---------------------------------------------- */

/* As @call->verb asks.  0 or an exit code, message printed. */
int xfsw_open_image(struct xfsw_call *call, const char *path, struct xfsw_image *img);
/*
 * Device (and --logdev) for mkfs and create.  A file that is missing is made with
 * @size_bytes; one that exists is emptied before if @empty is set.
 */
/* The devices alone, to look at; also when the verb writes. */
int xfsw_open_to_look(struct xfsw_call *call, const char *path, struct xfsw_image *img);
int xfsw_open_target(struct xfsw_call *call, const char *path, uint64_t size_bytes, bool empty,
		     struct xfsw_image *img);
/*
 * May --force-less mkfs and create overwrite @path and the log device?  Fills @own with what is there
 * of them.  0 or an exit code, message printed.
 */
int xfsw_ask_target(struct xfsw_call *call, const char *path, struct xfsw_own *own);
/* Tells @error of opening what should hold XFS, and what there is instead.  XFSW_NO_IMAGE. */
int xfsw_no_xfs(const struct xfsw_call *call, const struct xfsw_image *img, int error);
/* Unmount and close; @code is what the verb returned, the result what to exit with. */
int xfsw_close_image(struct xfsw_call *call, struct xfsw_image *img, int code);

/* ---- own.c: which host file is which ------------------------------------------------ */

/* @path may be NULL, and what is not there is not remembered. */
void own_add(struct xfsw_own *own, const char *path);
bool own_has(const struct xfsw_own *own, const struct stat *st);
/*
 * The question of every verb that overwrites, without -f: a file that has any byte but zero in
 * [@offset, +@len) stays.  0, or an exit code with the message printed.
 */
int own_may_overwrite(struct xfsw_call *call, const char *path, uint64_t offset, uint64_t len);

/* ---- interrupt.c: SIGINT and SIGTERM ---------------------------------------------- */

/* From now on the first signal only sets a flag; the second one kills. */
void xfsw_catch_signals(void);
bool xfsw_interrupted(void);
/* From now on the library is not stopped: what was done is to be made stable. */
void xfsw_finish_anyway(void);
/* xfs_env.progress: the library's long calls end with -ECANCELED when a signal came. */
int xfsw_ask_progress(void *ctx, const char *phase, uint64_t done, uint64_t total);

/* ---- progress.c ------------------------------------------------------------------------ */

struct xfsw_progress {
	bool active;
	const char *what;
	uint64_t total_objects, total_bytes;	/* 0: not known */
	uint64_t objects, bytes;		/* done so far */
	struct timespec start, shown;
	size_t width;				/* of the line on the screen */
};

/* Draws on standard error, if that is a terminal and @quiet is false. */
void xfsw_progress_start(struct xfsw_progress *p, const char *what, bool quiet);
/* Cheap; call it for every object and every chunk of data. */
void xfsw_progress_step(struct xfsw_progress *p);
void xfsw_progress_end(struct xfsw_progress *p);

/* ---- json.c ------------------------------------------------------------------------------ */

struct xfsw_json {
	FILE *out;
	unsigned int depth;
	bool comma;		/* something stands before on this level */
};

/* @key NULL: an array member, or the top. */
void json_open(struct xfsw_json *j, const char *key, char bracket);
void json_close(struct xfsw_json *j, char bracket);
void json_u64(struct xfsw_json *j, const char *key, uint64_t value);
void json_i64(struct xfsw_json *j, const char *key, int64_t value);
void json_bool(struct xfsw_json *j, const char *key, bool value);
void json_str(struct xfsw_json *j, const char *key, const char *value);
/* Bytes from the disk: "key": text when they are UTF-8, else "key_hex": digits. */
void json_bytes(struct xfsw_json *j, const char *key, const char *value, size_t len);
/* Any bytes, in base64 (RFC 4648). */
void json_base64(struct xfsw_json *j, const char *key, const void *value, size_t len);
/* Does @value stand in a string of JSON as it is? */
bool json_is_text(const char *value, size_t len);
void json_text(struct xfsw_json *j, const char *key, const char *value, size_t len);
void json_null(struct xfsw_json *j, const char *key);
void json_time(struct xfsw_json *j, const char *key, const struct xfs_timespec *ts);
/* The last bracket of the document, before it the errors: in an object under "errors", in an array
 * as members { "path", "error" }. */
void json_finish(struct xfsw_json *j, const struct xfsw_call *call, char bracket);
/* A document that only tells the errors, if no other one has. */
void json_only_errors(const struct xfsw_call *call);
/* Bytes of the UTF-8 sequence that starts at @s, 0 if it is none; *@c is the character. */
size_t xfsw_utf8(const unsigned char *s, size_t len, uint32_t *c);
/* Does @c do something else than to show? */
bool xfsw_is_control(uint32_t c);

/* ---- path.c: names in the image -------------------------------------------------------- */

/* A growing byte string, always terminated. */
struct xfsw_str {
	char *s;
	size_t len, size;
};
bool str_set(struct xfsw_str *str, const char *s);
bool str_append(struct xfsw_str *str, const char *s);
/* Cut to @len, then append "/name" (no second slash). */
bool str_join(struct xfsw_str *str, size_t len, const char *name);
void str_free(struct xfsw_str *str);

/* Last component of @path, trailing slashes dropped; "/" for the root. */
const char *xfsw_basename(const char *path, char buf[256]);

/*
 * Is it one component of a path that leads to an entry of the directory it is looked up in: no '/'
 * and no NUL in it, not "." or "..", 1 to 255 bytes?  Names of a disk become paths only after this,
 * whatever the library has let through: it alone stands between a hostile image and the host.
 */
bool xfsw_name_is_plain(const char *name, size_t len);

/*
 * The path of a foreign archive's member, below the top: "/./a//b/" becomes "a/b", the top itself
 * "".  False: it has ".." in it, a component of more than 255 bytes, or more of them than one
 * member may cost; or there is no memory.
 */
#define XFSW_MAX_COMPONENTS	65536u
bool xfsw_clean_path(struct xfsw_str *out, const char *path);

/* The names of a directory in byte order, without "." and "..", each one plain. */
struct xfsw_names {
	struct xfsw_name {
		char *name;
		uint64_t ino;
		uint8_t type;		/* DT_* */
	} *v;
	size_t n;
	char *arena;
	size_t refused, twice;		/* names left out: not plain, or there already */
};
/*
 * 0 or -errno.  After -EUCLEAN and the like the names that could be read are there, after -ENOMEM
 * none.  xfsw_free_names() in any case.
 */
int xfsw_read_names(struct xfs_file *dir, struct xfsw_names *names);
void xfsw_free_names(struct xfsw_names *names);
/* Says what was left out of directory @path, if anything; an exit code. */
int xfsw_tell_names(const struct xfsw_call *call, const char *path, const struct xfsw_names *names);

/* ---- place.c: where a name is to stand ---------------------------------------------- */

/* Links are followed. */
bool xfsw_is_directory(struct xfs_mount *mp, const char *path);
/* The name of @of in the directory @dir: 0 or -errno. */
int xfsw_path_inside(struct xfsw_str *path, const char *dir, const char *of);
/*
 * The directory that holds, or shall hold, the last component of @path, and that as @name.  0 or
 * -errno, -EISDIR for "/"; *@dirp is NULL then.
 */
int xfsw_open_parent(struct xfs_mount *mp, const char *path, struct xfs_file **dirp,
		     char name[256]);
/* Is @dir the directory @ino, or somewhere below it?  0, 1 or -errno. */
int xfsw_is_below(struct xfs_file *dir, uint64_t ino);
/* Of options -f and -n the last one counts; without them what has a name is replaced. */
bool xfsw_replaces(const struct xfsw_call *call);

/* recover.c: what stood in the log. */
void xfsw_log_json(struct xfsw_json *j, const char *key, const struct xfs_log_report *log);
void xfsw_log_text(const struct xfs_log_report *log);

/* Lines of ls -l, stat and df shared by several verbs. */
void xfsw_mode_string(uint32_t mode, char buf[11]);
const char *xfsw_type_name(uint32_t mode);
/* Between the host's type and the library's. */
struct xfs_timespec xfsw_library_time(struct timespec host);
struct timespec xfsw_host_time(struct xfs_timespec ts);
void xfsw_time_string(const struct xfs_timespec *ts, bool precise, char buf[40]);

/* ---- the verbs ---------------------------------------------------------------------------- */

extern const struct xfsw_verb verb_mkfs, verb_create, verb_ls, verb_cat, verb_get, verb_put,
	verb_mkdir, verb_rm, verb_mv, verb_cp, verb_ln, verb_mknod, verb_stat, verb_chmod, verb_chown,
	verb_touch, verb_truncate, verb_xattr_ls, verb_xattr_get, verb_xattr_set, verb_xattr_rm,
	verb_chattr, verb_lsattr, verb_chproj, verb_find, verb_du, verb_df, verb_info, verb_check,
	verb_dump, verb_recover, verb_shell, verb_help;
extern const struct xfsw_verb verb_write, verb_read, verb_fsync, verb_sync, verb_new, verb_rename,
	verb_map, verb_extents, verb_fallocate, verb_echo;
extern const struct xfsw_verb verb_quota_on, verb_quota_off, verb_quota_check, verb_quota_state,
	verb_quota_report, verb_quota_get, verb_quota_limit, verb_quota_project_setup;

/* NULL-terminated, in the order of the help. */
extern const struct xfsw_verb *const xfsw_verbs[];
/* The verb that the first words of @argv name; *@words: how many they are. */
const struct xfsw_verb *xfsw_find_verb(int argc, char **argv, bool in_shell, int *words);

/* All of the program: main(), for tests that want it in their own process. */
int xfsw_main(int argc, char **argv);

/* ---- help.c -------------------------------------------------------------------------------- */

void xfsw_print_overview(FILE *out);
void xfsw_print_verb_help(FILE *out, const struct xfsw_verb *verb);
/* Help of @name, or of all verbs whose first word it is.  False: there is none. */
bool xfsw_print_help_of(const char *name);
/* The commands of the shell. */
void xfsw_print_commands(void);

/* Run one command on the image that @shell, the call of the shell, has open. */
int xfsw_run_inside(const struct xfsw_call *shell, unsigned long line, int argc, char **argv);

#endif
