/* SPDX-License-Identifier: MIT */
/*
 * Goal: the parts of the tool that look at nothing but their arguments: base64 and text in JSON, what
 *       is a pattern, modes for new objects.
 * Method: values with known answers (RFC 4648, section 10), and every border.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/compiler.h"
#include "unit/xfsw/tool.h"

static void test_base64_as_in_the_standard(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\377\376\375", "//79" }, { "\373\360", "+/A=" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = NULL, want[64];
		size_t len;
		struct xfsw_json j = { .out = open_memstream(&text, &len) };

		assert_non_null(j.out);
		json_base64(&j, "v", cases[i].value, strlen(cases[i].value));
		fclose(j.out);
		snprintf(want, sizeof(want), "\"v\": \"%s\"", cases[i].want);
		assert_string_equal(text, want);
		free(text);
	}
}

static void test_text_is_utf8(void **state)
{
	(void)state;
	assert_true(json_is_text("", 0) && json_is_text("a\0b", 3));
	assert_true(json_is_text("gr\303\266\303\237e", 7));
	assert_false(json_is_text("\303", 1) || json_is_text("a\377", 2));
	assert_false(json_is_text("\355\240\200", 3) || json_is_text("\300\200", 2));
}

static void test_what_is_a_pattern(void **state)
{
	static const char *const patterns[] = { "*", "a*", "?", "[a]", "x[", "\\\\*", "\\**" };
	static const char *const names[] = { "", "a", "\\*", "a\\?b", "\\[a]", "]", "a-b", "\\" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		assert_true(xfsw_is_pattern(patterns[i], strlen(patterns[i])));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_false(xfsw_is_pattern(names[i], strlen(names[i])));
	assert_false(xfsw_is_pattern("ab*", 2));
}

static void test_modes_of_new_objects(void **state)
{
	struct xfsw_opt opt = { .id = 'm' };
	struct xfsw_call call = { .opts = &opt, .verb = &verb_mkdir, .line = 1 };
	static const struct {
		const char *text;
		uint32_t before, after;
	} cases[] = {
		{ "750", 0777, 0750 }, { "go-w", 0777, 0755 }, { "u=rwx,g=rx,o=", 0777, 0750 },
		{ "g+s", 0777, 02777 }, { "a=r", 0666, 0444 }, { "-w", 0666, 0444 },
	};
	uint32_t mode = 0123;

	(void)state;
	assert_true(xfsw_mode_option(&(struct xfsw_call){ .verb = &verb_mkdir }, &mode));
	assert_int_equal(mode, 0123);
	call.nopts = 1;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		opt.arg = cases[i].text;
		mode = cases[i].before;
		assert_true(xfsw_mode_option(&call, &mode));
		assert_int_equal(mode, cases[i].after);
	}
	opt.arg = "u+y";
	assert_false(xfsw_mode_option(&call, &mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64_as_in_the_standard),
		cmocka_unit_test(test_text_is_utf8),
		cmocka_unit_test(test_what_is_a_pattern),
		cmocka_unit_test(test_modes_of_new_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
