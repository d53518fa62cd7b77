#include "global/message/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/text/buf.h"

/* -- a handler that writes the message out, and notes what it was told ------------------------------------------------- */

struct record {
	struct buf out, events;
};

static void
on_header(void *arg, enum mime_section section, const struct header_name *name, struct view text)
{
	struct record *record = arg;

	buf_printf(&record->out, "%.*s\n", VIEW_ARG(text));
	buf_printf(&record->events, "%c%s ", "PMN"[section], name->type == HEADER_OTHER ? "other" : name->name);
}

static void
on_end_of_header(void *arg, enum mime_section section, bool empty_line)
{
	struct record *record = arg;

	buf_puts(&record->out, empty_line ? "\n" : "");
	buf_printf(&record->events, "%c/ ", "PMN"[section]);
}

static void
on_body(void *arg, struct view piece, bool complete)
{
	struct record *record = arg;

	buf_putv(&record->out, piece);
	buf_puts(&record->out, complete ? "\n" : "");
}

static void
on_fault(void *arg, enum mime_fault fault, struct view culprit)
{
	struct record *record = arg;

	buf_printf(&record->events, "!%d ", (int)fault);
}

static const struct mime_handler handler = { on_header, on_end_of_header, on_body, on_fault };

/* In pieces of so many bytes; 0: in lines. */
static void
run(const struct mime_policy *policy, struct view text, size_t piece_max, struct record *record)
{
	struct mime *mime = mime_new(policy, &handler, record);
	struct view line;
	bool complete = true;

	while (text.len > 0) {
		complete = view_split(text, '\n', &line, &text);
		if (!complete) {
			line = text;
			text = VIEW_EMPTY;
		}
		while (piece_max > 0 && line.len > piece_max) {
			mime_line(mime, view_slice(line, 0, piece_max), false);
			line = view_slice(line, piece_max, line.len);
		}
		mime_line(mime, line, complete);
	}
	mime_end(mime);
	mime_free(mime);
}

static void
record_fini(struct record *record)
{
	buf_fini(&record->out);
	buf_fini(&record->events);
}

enum { ALL = MIME_STRUCTURE, CLEAN = MIME_STRUCTURE | MIME_TO_7BIT };

#define MULTI(rest) "Content-Type: multipart/mixed; boundary=b\n" rest

static const struct {
	const char *name;
	unsigned flags;
	const char *in, *out, *events;		/* out NULL: as in; events NULL: not looked at */
} cases[] = {
	{ "nothing", ALL, "", "\n", "P/ " },
	{ "only an empty line", ALL, "\n", NULL, "P/ " },
	{ "header and body", ALL, "Subject: a\n b\n\nx\n", NULL, "PSubject P/ " },
	{ "header only", ALL, "To: a\n", "To: a\n\n", "PTo P/ " },
	{ "last line without end", ALL, "To: a\n\nx", "To: a\n\nx\n", "PTo P/ " },
	{ "HM3: no empty line", ALL, "To: a\ntext\n", "To: a\n\ntext\n", "PTo !4 P/ " },
	{ "HM4: blank first", ALL, " a: b\nTo: c\n", "\n a: b\nTo: c\n", "!4 P/ " },
	{ "part", ALL, MULTI("\npre\n--b\nX: y\n\ntext\n--b--\nend\n"), NULL, "PContent-Type P/ Mother M/ " },
	{ "no structure wanted", 0, MULTI("\n--b\nX: y\n\ntext\n--b--\n"), NULL, "PContent-Type P/ " },
	{ "quoted boundary with comments", ALL, "Content-Type: (a) multipart/mixed (b); x=y; boundary=\"a \\b;\"\n\n--a b;\nX: y\n\n",
	    NULL, "PContent-Type P/ Mother M/ " },
	{ "no boundary", ALL, "Content-Type: multipart/mixed\n\n--\nX: y\n", NULL, "PContent-Type P/ " },
	{ "part without header", ALL, MULTI("\n--b\n\nx\n--b--\n"), NULL, "PContent-Type P/ M/ " },
	{ "part header ends in text", ALL, MULTI("\n--b\nX: y\ntext\n--b--\n"), NULL, "PContent-Type P/ Mother M/ " },
	{ "part header ends in boundary", ALL, MULTI("\n--b\nX: y\n--b\nX: z\n\n--b--\n"), NULL,
	    "PContent-Type P/ Mother M/ Mother M/ " },
	{ "boundary at once", ALL, MULTI("--b\nX: y\n\n"), "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: y\n\n",
	    "PContent-Type !4 P/ Mother M/ " },
	{ "message inside", ALL, "Content-Type: message/rfc822\n\nX: y\n\ntext\n", NULL, "PContent-Type P/ Nother N/ " },
	{ "message inside a part", ALL, MULTI("\n--b\nContent-Type: message/rfc822\n\nX: y\n\n--b--\n"), NULL,
	    "PContent-Type P/ MContent-Type M/ Nother N/ " },
	{ "message without header", ALL, "Content-Type: message/rfc822\n\ntext\n", NULL, "PContent-Type P/ N/ " },
	{ "inner never closed", ALL, MULTI("\n--b\nContent-Type: multipart/x; boundary=in\n\n--in\nX: y\n\n--b\nTo: z\n\n--b--\n"),
	    NULL, "PContent-Type P/ MContent-Type M/ Mother M/ MTo M/ " },
	{ "prefix of the inner boundary", ALL, MULTI("\n--b\nContent-Type: multipart/x; boundary=bb\n\n--bb\nX: y\n\n--bb--\n--b--\n"),
	    NULL, "PContent-Type P/ MContent-Type M/ Mother M/ " },
	{ "nesting", ALL, MULTI("\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\nContent-Type: multipart/x; boundary=d\n\n--d\nX: y\n\n"),
	    NULL, "PContent-Type P/ MContent-Type M/ MContent-Type !0 M/ " },
	{ "eight bits", ALL, "Subject: \xe9\n\n\xe9\n\xe9\n", NULL, "!1 PSubject P/ !2 " },
	{ "eight bits, labelled", ALL, "Content-Transfer-Encoding: 8bit\n\n\xe9\n", NULL, "PContent-Transfer-Encoding P/ " },
	{ "encoded composite", ALL, "Content-Transfer-Encoding: base64\nContent-Type: message/rfc822\n\n", NULL, NULL },
	{ "to 7bit", CLEAN, "Content-Transfer-Encoding: 8BIT\nTo: a\n\n\xc3\xa9 = 1 \n\n.\n",
	    "To: a\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9 =3D 1=20\n\n.\n", NULL },
	{ "no label", CLEAN, "To: a\n\n\xe9=\n", NULL, NULL },
	{ "7bit stays", CLEAN, "Content-Transfer-Encoding: 7bit\n\na=b\n", NULL, NULL },
	{ "composite", CLEAN, "Content-Transfer-Encoding: 8bit\n" MULTI("\n--b\nContent-Transfer-Encoding: binary\n\n\xe9\n--b\n\n=\n--b--\n"),
	    "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 7bit\n\n"
	    "--b\nContent-Transfer-Encoding: quoted-printable\n\n=E9\n--b\n\n=\n--b--\n", NULL },
	{ "HM9: reports", CLEAN, "Content-Type: message/delivery-status\nContent-Transfer-Encoding: 8bit\n\nA: \xe9 =\n", NULL, NULL },
	{ "soft breaks", CLEAN, "Content-Transfer-Encoding: 8bit\n\n"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xe9\xe9\n",
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=\n=E9=E9\n", NULL },
};

static void
test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		for (size_t piece = 0; piece < 4; piece++) {
			struct mime_policy policy = { 1000, 70, 2, cases[i].flags };
			struct record record = { BUF_INIT, BUF_INIT };

			run(&policy, view_string(cases[i].in), piece, &record);
			if (!view_is(buf_view(&record.out), cases[i].out != NULL ? cases[i].out : cases[i].in))
				fail_msg("%s, pieces of %zu: %s", cases[i].name, piece, buf_c(&record.out));
			if (cases[i].events != NULL && !view_is(buf_view(&record.events), cases[i].events))
				fail_msg("%s, pieces of %zu: %s", cases[i].name, piece, buf_c(&record.events));
			record_fini(&record);
		}
}

/* HM2: what is cut stays a header, and so does what follows */
static void
test_header_max(void **state)
{
	static const char *const fields[] = { "X: 5678901\nTo: b\n\nc\n", "X: 56789\n 01\nTo: b\n\nc\n", "X: 567\n 8\n 9\nTo: b\n\nc\n" };
	static const char *const wanted[] = { "X: 5678901\nTo: b\n\nc\n", "X: 56789\nTo: b\n\nc\n", "X: 567\n 8\nTo: b\n\nc\n" };
	struct mime_policy policy = { 10, 70, 2, ALL };

	for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
		struct record record = { BUF_INIT, BUF_INIT };

		run(&policy, view_string(fields[i]), 0, &record);
		assert_string_equal(buf_c(&record.out), wanted[i]);
		record_fini(&record);
	}
}

static void
test_boundary_max(void **state)
{
	static const char text[] = "Content-Type: multipart/mixed; boundary=abc1\n\n--abc2\nTo: y\n\n";
	struct mime_policy whole = { 1000, 4, 2, ALL }, cut = { 1000, 3, 2, ALL };
	struct record record = { BUF_INIT, BUF_INIT };

	run(&whole, view_string(text), 0, &record);
	assert_string_equal(buf_c(&record.events), "PContent-Type P/ ");
	buf_reset(&record.events);
	run(&cut, view_string(text), 0, &record);
	assert_string_equal(buf_c(&record.events), "PContent-Type P/ MTo M/ ");
	record_fini(&record);
}

/* HM5: a bomb of multiparts costs what the limit allows, and comes out whole */
static void
test_bomb(void **state)
{
	struct mime_policy policy = { 1000, 70, 100, ALL };
	struct record record = { BUF_INIT, BUF_INIT };
	struct buf text = BUF_INIT;

	for (unsigned i = 0; i < 10000; i++)
		buf_printf(&text, "Content-Type: multipart/mixed; boundary=x%u\n\n--x%u\n", i, i);
	run(&policy, buf_view(&text), 0, &record);
	assert_true(view_equal(buf_view(&record.out), buf_view(&text)));
	buf_fini(&text);
	record_fini(&record);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_header_max), cmocka_unit_test(test_boundary_max),
		cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
