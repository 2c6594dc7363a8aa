/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-stack.h"

#include "lib/check.h"
#include "lib/source-check.h"

#define MOST_PAIRS 12

typedef struct {
    const char *pairs[MOST_PAIRS]; /* of options; the rest is NULL */
    const char *format;            /* the expected format, or NULL */
    const char *label;             /* the expected location; NULL if the options are refused */
    QblkGraphError code;           /* if they are refused */
} Case;

static void
check_case(const Case *one)
{
    g_autoptr(QblkSourceOptions) options = source_check_options(one->pairs);
    g_autoptr(GError) error = NULL;
    g_autofree char *format = NULL;
    g_autoptr(QblkSource) source = qblk_source_stack_read(options, &format, &error);

    if (one->label == NULL) {
        assert_null(source);
        assert_null(format);
        assert_true(g_error_matches(error, QBLK_GRAPH_ERROR, (int)one->code));
        return;
    }

    assert_null(error);
    g_autofree char *label = qblk_source_label(source);
    assert_string_equal(label, one->label);
    assert_int_equal(g_strcmp0(format, one->format), 0);
}

static void
the_topmost_format_and_the_protocol_are_found(void **state)
{
    static const Case cases[] = {
        {{"driver=file", "filename=/a"}, NULL, "/a", 0},
        {{"filename=/a"}, NULL, "/a", 0},
        {{"file.filename=/a"}, NULL, "/a", 0},
        {{"driver=qcow2", "file.driver=raw", "file.file.filename=/a"}, "qcow2", "/a", 0},
        {{"driver=throttle", "file.driver=vdi", "file.file.filename=nbd://h/e"},
         "vdi",
         "nbd://h:10809/e",
         0},
        {{"driver=qcow2", "file.filename=/a", "backing.driver=quorum", "backing=null"},
         "qcow2",
         "/a",
         0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        check_case(&cases[i]);
    }
}

static void
what_has_no_source_is_refused(void **state)
{
    static const Case cases[] = {
        {{"driver=qcow2"}, NULL, NULL, QBLK_GRAPH_ERROR_SPEC},
        {{"driver=qcow2", "file=node"}, NULL, NULL, QBLK_GRAPH_ERROR_UNSUPPORTED},
        {{"driver=none"}, NULL, NULL, QBLK_GRAPH_ERROR_UNSUPPORTED},
        {{"driver=quorum"}, NULL, NULL, QBLK_GRAPH_ERROR_UNSUPPORTED},
        {{"filename=/a", "file.filename=/b"}, NULL, NULL, QBLK_GRAPH_ERROR_SPEC},
        {{"driver=nbd", "filename=ssh://h/a"}, NULL, NULL, QBLK_GRAPH_ERROR_SPEC},
        {{"driver=qcow2", "file.filename=/a", "encrypt.format=no"},
         NULL,
         NULL,
         QBLK_GRAPH_ERROR_SPEC},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        check_case(&cases[i]);
    }
}

/* A slice, a data file and the options that are dropped belong to the source they are below. */
static void
a_data_file_is_a_source_of_its_own(void **state)
{
    static const char *const pairs[] = {"driver=qcow2",
                                        "file.driver=raw",
                                        "file.offset=512",
                                        "file.size=1024",
                                        "file.file.filename=/a",
                                        "data-file.driver=vdi",
                                        "data-file.file.filename=/d",
                                        "data-file.file.odd=1",
                                        NULL};
    g_autoptr(QblkSourceOptions) options = source_check_options(pairs);
    g_autoptr(GError) error = NULL;
    g_autofree char *format = NULL;
    g_autoptr(QblkSource) source = qblk_source_stack_read(options, &format, &error);

    assert_null(error);
    assert_string_equal(source->path, "/a");
    assert_string_equal(source->slice_offset, "512");
    assert_string_equal(source->slice_size, "1024");
    assert_string_equal(source->data_store->path, "/d");
    assert_null(source->data_store->slice_size);
    assert_string_equal(source->data_format, "vdi");
    assert_int_equal(source->dropped->len, 1);
    assert_string_equal(source->dropped->pdata[0], "the option 'data-file.file.odd'");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_topmost_format_and_the_protocol_are_found),
        cmocka_unit_test(what_has_no_source_is_refused),
        cmocka_unit_test(a_data_file_is_a_source_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
