/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain-number.h"
#include "chain/check-chain.h"
#include "graph/bitmap.h"
#include "lib/chain-text.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "source/source-decode.h"

/* Layers of @files, all qcow2 but the last, which is raw; each header says the next. */
static QblkChain *
make(const char *const *files)
{
    QblkChain *chain = qblk_chain_new("vda");
    for (guint i = 0; files[i] != NULL; i++) {
        g_auto(QblkSourceDecoded) decoded = {0};
        QblkLayer *layer = qblk_chain_layer_new();
        gboolean is_last = files[i + 1] == NULL;
        layer->filename = g_strdup(files[i]);
        layer->node_name = g_strdup_printf("node-%u", i);
        layer->format = g_strdup(is_last ? "raw" : "qcow2");
        layer->xml_format = g_strdup(layer->format);
        layer->backing_name = g_strdup(files[i + 1]);
        layer->backing_format = is_last ? NULL : g_strdup(files[i + 2] == NULL ? "raw" : "qcow2");
        assert_true(qblk_source_decode(files[i], &decoded, NULL));
        layer->source = g_steal_pointer(&decoded.source);
        g_ptr_array_add(chain->layers, layer);
    }
    chain->is_complete = TRUE;
    qblk_chain_number(chain);
    return chain;
}

static QblkLayer *
layer_of(QblkChain *chain, guint position)
{
    return chain->layers->pdata[position];
}

static void
set(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

/* The differences as lines. */
static char *
lines_of(GPtrArray *differences)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < differences->len; i++) {
        g_autofree char *line = qblk_difference_to_text(differences->pdata[i]);
        g_string_append_printf(text, "%s\n", line);
    }
    g_ptr_array_unref(differences);
    return g_string_free(text, FALSE);
}

static void
expect_headers(const QblkChain *chain, const char *expected)
{
    GPtrArray *differences = qblk_differences_new();
    qblk_check_headers(chain, NULL, NULL, differences);
    g_autofree char *lines = lines_of(differences);
    assert_string_equal(lines, expected);
}

static void
expect_domain(const QblkChain *running, const QblkChain *believed, const char *expected)
{
    GPtrArray *differences = qblk_differences_new();
    qblk_check_domain_disk(running, believed, differences);
    g_autofree char *lines = lines_of(differences);
    assert_string_equal(lines, expected);
}

static const char *const three[] = {"/i/top.qcow2", "/i/mid.qcow2", "/i/base.img", NULL};

static void
a_chain_that_matches_its_headers_has_no_difference(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    expect_headers(chain, "");
    set(&layer_of(chain, 0)->backing_name, "mid.qcow2");
    set(&layer_of(chain, 1)->backing_name, "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\","
                                           "\"filename\":\"/i/base.img\"}}");
    expect_headers(chain, "");
    set(&layer_of(chain, 1)->backing_format, NULL);
    expect_headers(chain, "");
}

static void
links_are_resolved(void **state)
{
    static const char *const files[] = {"/top.qcow2", "/proc/self/root/dev/null", NULL};
    g_autoptr(QblkChain) chain = make(files);
    set(&layer_of(chain, 0)->backing_name, "/dev/null");
    expect_headers(chain, "");
}

static void
another_name_or_format_is_a_difference(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    set(&layer_of(chain, 0)->backing_name, "../mid.qcow2");
    set(&layer_of(chain, 1)->backing_format, "qcow2");
    expect_headers(chain, "vda: backing file: header has '../mid.qcow2', running chain has "
                          "'/i/mid.qcow2'\n"
                          "vda[1]: backing format: header has 'qcow2', running chain has 'raw'\n");
}

/* As QEMU before 9.0 writes it where a raw image is open without a raw node. */
static void
a_protocol_as_format_means_raw(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    set(&layer_of(chain, 1)->backing_format, "file");
    expect_headers(chain, "");
    set(&layer_of(chain, 0)->backing_format, "file");
    expect_headers(chain, "vda: backing format: header has 'file', running chain has 'qcow2'\n");
}

static void
a_missing_format_counts_if_it_would_be_taken_for_raw(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    set(&layer_of(chain, 0)->backing_format, NULL);
    set(&layer_of(chain, 1)->backing_format, NULL);
    expect_headers(chain, "vda: backing format: header has none, running chain has 'qcow2'\n");
    set(&layer_of(chain, 0)->format, "qed");
    expect_headers(chain, "");
}

static void
different_lengths_of_header_and_chain_are_differences(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    set(&layer_of(chain, 0)->backing_name, NULL);
    set(&layer_of(chain, 2)->backing_name, "/i/below.img");
    expect_headers(chain, "vda: backing file: header has none, running chain has '/i/mid.qcow2'\n"
                          "vda[2]: backing file: header has '/i/below.img', running chain has "
                          "none\n");
    chain->is_complete = FALSE;
    set(&layer_of(chain, 0)->backing_name, "/i/mid.qcow2");
    expect_headers(chain, "");
}

static void
uncomparable_names_are_reported_without_secrets(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    set(&layer_of(chain, 0)->backing_name,
        "json:{\"driver\":\"unheard-of\",\"password\":\"hunter2\"}");
    expect_headers(chain, "vda: cannot compare: header or domain has "
                          "'json:{\"driver\":\"unheard-of\",\"password\":\"***\"}', running chain "
                          "has '/i/mid.qcow2'\n");
    set(&layer_of(chain, 0)->backing_name, "nbd://u:hunter2@h/x");
    expect_headers(chain, "vda: backing file: header has 'nbd://u:***@h/x', running chain has "
                          "'/i/mid.qcow2'\n");
}

/* ---- files ---- */

static QblkFileIdentity
identity(gint64 inode)
{
    return (QblkFileIdentity){.device = 0x801, .inode = inode};
}

/* QEMU has the file @open at @path open, and the name leads to the file @named; 0: to none. */
static void
set_open(QblkChain *chain, guint position, QblkFileState file_state, gint64 open, const char *path,
         gint64 named)
{
    QblkLayerFile *file = g_new0(QblkLayerFile, 1);
    file->state = file_state;
    file->open = identity(open);
    file->named = named == 0 ? (QblkFileIdentity){0} : identity(named);
    file->path = g_strdup(path);
    qblk_layer_file_free(layer_of(chain, position)->file);
    layer_of(chain, position)->file = file;
}

static void
each_layer_with_another_file_is_a_difference(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    set_open(chain, 0, QBLK_FILE_ANOTHER, 5, "/i/old", 6);
    set_open(chain, 1, QBLK_FILE_GONE, 7, NULL, 0);
    set_open(chain, 2, QBLK_FILE_SAME, 8, "/i/base.img", 8);
    GPtrArray *differences = qblk_differences_new();
    qblk_check_files(chain, differences);
    const QblkDifference *first = differences->pdata[0];
    assert_string_equal(qblk_difference_kind_name(first->kind), "another-file");
    assert_string_equal(first->expected, "/i/top.qcow2");
    assert_string_equal(first->found, "/i/old");
    g_autofree char *lines = lines_of(differences);
    assert_string_equal(lines, "vda: '/i/top.qcow2' is another file now (inode 6): QEMU has "
                               "'/i/old' (inode 5) open\n"
                               "vda[1]: '/i/mid.qcow2' does not exist: QEMU has a file without "
                               "known name (inode 7) open\n");
}

static void
files_that_are_not_known_are_one_difference(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    set_open(chain, 0, QBLK_FILE_UNKNOWN, 0, NULL, 0);
    set_open(chain, 1, QBLK_FILE_UNKNOWN, 0, NULL, 0);
    chain->unknown_files = g_strdup("why");
    GPtrArray *differences = qblk_differences_new();
    qblk_check_files(chain, differences);
    g_autofree char *lines = lines_of(differences);
    assert_string_equal(lines, "vda: the files that QEMU has open are not known: why\n");
}

static void
expect_headers_of_files(const QblkChain *chain, QblkOpenedFiles *opened, const char *expected)
{
    GPtrArray *differences = qblk_differences_new();
    qblk_check_headers(chain, opened, NULL, differences);
    g_autofree char *lines = lines_of(differences);
    assert_string_equal(lines, expected);
}

static void
a_backing_string_is_compared_by_the_file_that_it_leads_to(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(0);
    const QblkFileIdentity mid = identity(7), base = identity(8), other = identity(9);
    qblk_opened_files_set_name(opened, "/i/hard-link", &mid);
    qblk_opened_files_set_name(opened, "/i/mid.qcow2", &other);
    qblk_opened_files_set_name(opened, "/i/base.img", &base);
    set_open(chain, 1, QBLK_FILE_ANOTHER, 7, "/i/old.qcow2", 9);
    set_open(chain, 2, QBLK_FILE_SAME, 8, "/i/base.img", 8);

    set(&layer_of(chain, 0)->backing_name, "hard-link");
    expect_headers_of_files(chain, opened, "");
    /* That the name leads to another file is a difference of the layer itself. */
    set(&layer_of(chain, 0)->backing_name, "mid.qcow2");
    expect_headers_of_files(chain, opened, "");
    set(&layer_of(chain, 0)->backing_name, "missing");
    expect_headers_of_files(chain, opened,
                            "vda: backing file: header has 'missing', running chain "
                            "has '/i/old.qcow2'\n");
    set(&layer_of(chain, 0)->backing_name, "base.img");
    expect_headers_of_files(chain, opened,
                            "vda: backing file: header has 'base.img', running "
                            "chain has '/i/old.qcow2'\n");
}

/* QEMU opened 'mid.qcow2' in its working directory; in a header it means another file. */
static void
equal_names_may_be_relative_to_different_directories(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(0);
    const QblkFileIdentity other = identity(9);
    qblk_opened_files_set_name(opened, "/i/mid.qcow2", &other);
    set(&layer_of(chain, 1)->filename, "mid.qcow2");
    set(&layer_of(chain, 0)->backing_name, "mid.qcow2");
    set_open(chain, 1, QBLK_FILE_SAME, 7, "/run/mid.qcow2", 7);
    expect_headers_of_files(chain, opened,
                            "vda: backing file: header has 'mid.qcow2', running "
                            "chain has '/run/mid.qcow2'\n");
}

static void
a_header_from_the_image_has_priority_over_the_values_of_qemu(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    char name[] = "/other", format[] = "qcow2";
    QblkImageHeader header = {.backing_name = name, .backing_format = format};
    g_autoptr(GPtrArray) headers = g_ptr_array_new();
    g_ptr_array_add(headers, &header);
    g_ptr_array_add(headers, NULL);
    g_ptr_array_add(headers, NULL);
    GPtrArray *differences = qblk_differences_new();
    qblk_check_headers(chain, NULL, headers, differences);
    g_autofree char *lines = lines_of(differences);
    assert_string_equal(
        lines, "vda: backing file: header has '/other', running chain has '/i/mid.qcow2'\n");
}

static void
recorded_headers_match_the_recorded_chains(void **state)
{
    g_autoptr(GPtrArray) names = graph_fixture_all();
    guint checked = 0;
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(names->pdata[i]);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        const char *const *targets = qblk_snapshot_get_targets(snapshot);
        /* The header of the overlay that -drive snapshot=on makes names nothing. */
        gboolean is_odd = g_str_has_suffix(names->pdata[i], "snapshot-on");
        for (guint j = 0; targets[j] != NULL; j++) {
            g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, targets[j], NULL);
            GPtrArray *differences = qblk_differences_new();
            if (chain != NULL) {
                qblk_check_headers(chain, NULL, NULL, differences);
                assert_int_equal(differences->len, is_odd);
                qblk_check_domain_disk(chain, chain, differences);
                checked++;
            }
            g_ptr_array_unref(differences);
        }
    }
    assert_true(checked > 40);
}

static void
an_equal_domain_has_no_difference(void **state)
{
    g_autoptr(QblkChain) running = make(three), believed = make(three);
    expect_domain(running, believed, "");
    set(&layer_of(believed, 1)->xml_format, NULL);
    expect_domain(running, believed, "");
    g_ptr_array_set_size(believed->layers, 1);
    believed->is_complete = FALSE;
    expect_domain(running, believed, "");
}

static void
differences_are_reported_by_layer(void **state)
{
    static const char *const other[] = {"/i/top.qcow2", "/i/base.img", NULL};
    g_autoptr(QblkChain) running = make(three), believed = make(other);
    running->has_libvirt_indexes = believed->has_own_indexes = TRUE;
    layer_of(believed, 0)->index = 7;
    believed->mirror = g_new0(QblkMirror, 1);
    believed->mirror->layer = qblk_chain_layer_new();
    expect_domain(running, believed,
                  "vda: number of layers: domain has '2', running chain has '3'\n"
                  "vda: index: domain has '7', running chain has '0'\n"
                  "vda[1]: source: domain has '/i/base.img', running chain has '/i/mid.qcow2'\n"
                  "vda[1]: format: domain has 'raw', running chain has 'qcow2'\n"
                  "vda: mirror: domain has 'copy', running chain has none\n");
}

static void
a_disk_of_one_side_only_is_a_difference(void **state)
{
    g_autoptr(QblkChain) chain = make(three);
    expect_domain(chain, NULL, "vda: disk: domain has none, running chain has 'vda'\n");
    expect_domain(NULL, chain, "vda: disk: domain has 'vda', running chain has none\n");
}

static void
only_inconsistent_bitmaps_are_reported(void **state)
{
    g_autofree char *good_name = g_strdup("good"), *bad_name = g_strdup("bad");
    QblkBitmap good = {.name = good_name, .is_recording = TRUE, .is_persistent = TRUE};
    QblkBitmap bad = {.name = bad_name, .is_persistent = TRUE, .is_inconsistent = TRUE};
    g_autoptr(QblkChain) chain = make((const char *const[]){"/i/top", "/i/base", NULL});
    layer_of(chain, 1)->bitmaps = g_ptr_array_new();
    g_ptr_array_add(layer_of(chain, 1)->bitmaps, &good);
    g_ptr_array_add(layer_of(chain, 1)->bitmaps, &bad);

    GPtrArray *differences = qblk_differences_new();
    qblk_check_content(chain, differences);
    assert_int_equal(differences->len, 1);
    g_autofree char *lines = lines_of(differences);
    assert_true(g_str_has_prefix(lines, "vda[1]: bitmap 'bad' is inconsistent"));
}

static void
an_io_status_other_than_ok_is_reported(void **state)
{
    static const struct {
        const char *status, *expected;
    } cases[] = {
        {NULL, ""},
        {"ok", ""},
        {"nospace", "vda: a request of the guest has failed (I/O status 'nospace')\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkChain) chain = make((const char *const[]){"/i/top", NULL});
        chain->io_status = g_strdup(cases[i].status);
        GPtrArray *differences = qblk_differences_new();
        qblk_check_content(chain, differences);
        g_autofree char *lines = lines_of(differences);
        assert_string_equal(lines, cases[i].expected);
    }
}

static void
jobs_that_were_not_dismissed_are_reported(void **state)
{
    static const struct {
        const char *status, *disk, *expected;
    } cases[] = {
        {"concluded", NULL,
         "job 'b' (backup) has concluded and was not dismissed: use 'qblk job' with this id\n"},
        {"concluded", "vda", ""}, /* the disk of the job is not known */
        {"running", NULL, ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *job = g_strdup_printf("[{'id': 'b', 'type': 'backup', 'status': '%s', "
                                               "'current-progress': 0, 'total-progress': 0}]",
                                               cases[i].status);
        g_autoptr(QblkReplies) replies =
            graph_fixture_machine("a-file file /d/a\na qcow2 /d/a file=a-file", "vda - a");
        graph_fixture_add_job(replies, job, "[]");
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);

        GPtrArray *differences = qblk_differences_new();
        qblk_check_jobs(snapshot, cases[i].disk, differences);
        g_autofree char *lines = lines_of(differences);
        assert_string_equal(lines, cases[i].expected);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_that_matches_its_headers_has_no_difference),
        cmocka_unit_test(links_are_resolved),
        cmocka_unit_test(another_name_or_format_is_a_difference),
        cmocka_unit_test(a_protocol_as_format_means_raw),
        cmocka_unit_test(a_missing_format_counts_if_it_would_be_taken_for_raw),
        cmocka_unit_test(different_lengths_of_header_and_chain_are_differences),
        cmocka_unit_test(uncomparable_names_are_reported_without_secrets),
        cmocka_unit_test(each_layer_with_another_file_is_a_difference),
        cmocka_unit_test(files_that_are_not_known_are_one_difference),
        cmocka_unit_test(a_backing_string_is_compared_by_the_file_that_it_leads_to),
        cmocka_unit_test(equal_names_may_be_relative_to_different_directories),
        cmocka_unit_test(a_header_from_the_image_has_priority_over_the_values_of_qemu),
        cmocka_unit_test(recorded_headers_match_the_recorded_chains),
        cmocka_unit_test(an_equal_domain_has_no_difference),
        cmocka_unit_test(differences_are_reported_by_layer),
        cmocka_unit_test(a_disk_of_one_side_only_is_a_difference),
        cmocka_unit_test(only_inconsistent_bitmaps_are_reported),
        cmocka_unit_test(jobs_that_were_not_dismissed_are_reported),
        cmocka_unit_test(an_io_status_other_than_ok_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
