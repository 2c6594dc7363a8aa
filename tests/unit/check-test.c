/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A check of the disks of a VM, as programs make it. */
#include "operation/check.h"

#include "blockjob/merged-mark.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#define NODES                                                                                      \
    "top qcow2 %s/top.qcow2 file=top-file backing=base\n"                                          \
    "top-file file %s/top.qcow2\n"                                                                 \
    "base qcow2 %s/base.qcow2 file=base-file\n"                                                    \
    "base-file file %s/base.qcow2\n"

static char *
make_directory(void)
{
    g_autoptr(GError) error = NULL;
    char *directory = g_dir_make_tmp("qblk-check-XXXXXX", &error);
    assert_no_error(error);
    return directory;
}

static QblkSnapshot *
make_snapshot(const char *directory)
{
    g_autofree char *nodes = g_strdup_printf(NODES, directory, directory, directory, directory);
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "vda - top");
    return graph_fixture_snapshot(replies);
}

static QblkCheck *
check(const QblkSnapshot *snapshot, const char *address, const char *directory)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkCheckOptions) options = qblk_check_options_new();
    qblk_check_options_set_address(options, address);
    qblk_check_options_set_state_directory(options, directory);
    QblkCheck *result = qblk_check_snapshot(snapshot, NULL, options, &error);
    assert_no_error(error);
    return result;
}

static void
a_recorded_graph_is_checked_without_its_files(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("virtio-5-deep");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkCheck) result = qblk_check_snapshot(snapshot, NULL, NULL, &error);
    assert_no_error(error);
    assert_true(qblk_check_is_consistent(result));
    assert_int_equal(qblk_check_get_n_chains(result), 1);
    assert_string_equal(qblk_chain_get_target(qblk_check_get_chain(result, 0)), "vda");
    assert_null(qblk_check_get_chain(result, 1));
    assert_null(qblk_check_get_difference(result, 0));
    assert_null(qblk_check_get_verdict(result));
    assert_null(qblk_check_get_warnings(result)[0]);
    g_autofree char *json = qblk_check_to_json(result);
    assert_non_null(strstr(json, "\"differences\": []"));
    assert_null(strstr(json, "\"boot\""));
}

static void
a_difference_can_outlive_its_list(void **state)
{
    g_autoptr(GPtrArray) differences = qblk_differences_new();
    g_autoptr(QblkChain) chain = qblk_chain_new("vda");
    QblkDifference *added =
        qblk_difference_add(differences, QBLK_DIFFERENCE_DEPTH, chain, NULL, "2", "3");
    g_autoptr(QblkDifference) difference = qblk_difference_ref(added);
    g_ptr_array_set_size(differences, 0);
    assert_int_equal(qblk_difference_get_kind(difference), QBLK_DIFFERENCE_DEPTH);
    assert_string_equal(qblk_difference_get_disk(difference), "vda");
    assert_null(qblk_difference_get_layer(difference));
    assert_string_equal(qblk_difference_get_expected(difference), "2");
    assert_string_equal(qblk_difference_get_found(difference), "3");
    g_autofree char *text = qblk_difference_to_text(difference);
    assert_string_equal(text, "vda: number of layers: domain has '2', running chain has '3'");
}

/* The disks that only one side has, with spaces between them. */
static char *
lonely_disks(const QblkCheck *check)
{
    GString *disks = g_string_new(NULL);
    for (guint i = 0; i < qblk_check_get_n_differences(check); i++) {
        const QblkDifference *difference = qblk_check_get_difference(check, i);
        if (qblk_difference_get_kind(difference) == QBLK_DIFFERENCE_DISK) {
            g_string_append_printf(disks, "%s ", qblk_difference_get_disk(difference));
        }
    }
    return g_string_free(disks, FALSE);
}

/* What is missing is asked for if all disks are checked. */
static void
a_disk_that_only_one_side_has_is_a_difference(void **state)
{
    g_autofree char *directory = make_directory();
    g_autoptr(QblkSnapshot) snapshot = make_snapshot(directory);
    g_autoptr(QblkDomain) domain = qblk_domain_read("<disk><target dev='vdb'/></disk>", -1, NULL);
    g_autoptr(QblkCheckOptions) options = qblk_check_options_new();
    qblk_check_options_set_domain(options, domain);
    qblk_check_options_set_state_directory(options, directory);
    g_autoptr(QblkCheck) all = qblk_check_snapshot(snapshot, NULL, options, NULL);
    g_autofree char *of_all = lonely_disks(all);
    assert_string_equal(of_all, "vda vdb ");

    const char *const names[] = {"vda", NULL};
    g_autoptr(QblkCheck) one = qblk_check_snapshot(snapshot, names, options, NULL);
    g_autofree char *of_one = lonely_disks(one);
    assert_string_equal(of_one, "vda ");
    assert_int_equal(g_rmdir(directory), 0);
}

static void
the_disks_of_a_domain_are_checked_by_name(void **state)
{
    g_autofree char *directory = make_directory();
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkDomain) domain = qblk_domain_read(
        "<devices><disk><target dev='vda'/></disk><disk><target dev='vdb'/></disk></devices>", -1,
        &error);
    g_autoptr(QblkCheckOptions) options = qblk_check_options_new();
    qblk_check_options_set_state_directory(options, directory);
    g_autoptr(QblkCheck) all = qblk_check_domain(domain, NULL, options, &error);
    assert_no_error(error);
    assert_int_equal(qblk_check_get_n_chains(all), 2);

    const char *const names[] = {"vdb", NULL}, *const others[] = {"vdc", NULL};
    g_autoptr(QblkCheck) one = qblk_check_domain(domain, names, options, &error);
    assert_int_equal(qblk_check_get_n_chains(one), 1);
    assert_string_equal(qblk_chain_get_target(qblk_check_get_chain(one, 0)), "vdb");
    assert_null(qblk_check_domain(domain, others, options, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, "vdc");
    assert_int_equal(g_rmdir(directory), 0);
}

static void
a_disk_that_does_not_exist_is_an_error(void **state)
{
    g_autofree char *directory = make_directory();
    g_autoptr(QblkSnapshot) snapshot = make_snapshot(directory);
    const char *const names[] = {"vdx", NULL};
    GError *error = NULL;
    assert_null(qblk_check_snapshot(snapshot, names, NULL, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, "vdx");
    assert_int_equal(g_rmdir(directory), 0);
}

static void
an_address_that_is_not_valid_is_an_error(void **state)
{
    g_autofree char *directory = make_directory();
    g_autoptr(QblkSnapshot) snapshot = make_snapshot(directory);
    g_autoptr(QblkCheckOptions) options = qblk_check_options_new();
    qblk_check_options_set_address(options, "nothing");
    GError *error = NULL;
    assert_null(qblk_check_snapshot(snapshot, NULL, options, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "nothing");
    assert_int_equal(g_rmdir(directory), 0);
}

/* A merged image below the active one is stale, and the verdict is about the image that is asked
 * for. */
static void
marks_are_read_if_the_files_are_here(void **state)
{
    g_autofree char *directory = make_directory();
    g_autoptr(QblkSnapshot) snapshot = make_snapshot(directory);
    g_autofree char *top = g_build_filename(directory, "top.qcow2", NULL);
    g_autofree char *base = g_build_filename(directory, "base.qcow2", NULL);
    assert_true(g_file_set_contents(top, "x", 1, NULL));
    assert_true(g_file_set_contents(base, "x", 1, NULL));
    const QblkMergedImages merged = {.image = top, .into = base};
    assert_true(qblk_merged_mark_write(&merged, directory, TRUE, NULL));

    g_autoptr(QblkCheck) remote = check(snapshot, "tcp:192.0.2.1:1", directory);
    assert_int_equal(qblk_stale_images_get_n_images(qblk_check_get_stale_images(remote)), 0);

    g_autofree char *address = g_strconcat("image:", top, NULL);
    g_autoptr(QblkCheck) here = check(snapshot, address, directory);
    assert_false(qblk_check_is_consistent(here));
    const QblkImageVerdict *verdict = qblk_check_get_verdict(here);
    assert_string_equal(qblk_image_verdict_get_boot(verdict), base);
    const QblkStaleImages *images = qblk_check_get_stale_images(here);
    assert_int_equal(qblk_stale_images_get_n_images(images), 1);
    const QblkStaleImage *image = qblk_stale_images_get_image(images, 0);
    assert_null(qblk_stale_images_get_image(images, 1));
    assert_string_equal(qblk_stale_image_get_disk(image), "vda");
    assert_string_equal(qblk_stale_image_get_file(image), top);
    assert_string_equal(qblk_stale_image_get_into(image), base);
    assert_int_equal(qblk_stale_image_get_position(image), 0);
    assert_false(qblk_stale_image_is_copy(image));
    assert_true(g_str_has_prefix(qblk_stale_image_get_mark(image), directory));
    g_autofree char *text = qblk_stale_image_to_text(image);
    assert_non_null(strstr(text, base));
    g_autofree char *json = qblk_check_to_json(here);
    assert_non_null(strstr(json, "\"merged-into\""));
    assert_non_null(strstr(json, "\"boot\""));

    qblk_merged_mark_remove(top, directory);
    assert_int_equal(g_unlink(top), 0);
    assert_int_equal(g_unlink(base), 0);
    assert_int_equal(g_rmdir(directory), 0);
}

static void
a_reference_to_a_stale_image_is_one_to_its_list(void **state)
{
    g_autofree char *directory = make_directory();
    g_autoptr(QblkSnapshot) snapshot = make_snapshot(directory);
    g_autofree char *top = g_build_filename(directory, "top.qcow2", NULL);
    assert_true(g_file_set_contents(top, "x", 1, NULL));
    const QblkMergedImages merged = {.image = top, .into = "/base", .is_copy = TRUE};
    assert_true(qblk_merged_mark_write(&merged, directory, FALSE, NULL));
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    const QblkChain *const chains[] = {chain, chain};
    QblkStaleImages *images = qblk_stale_images_find(chains, 2, directory);
    assert_int_equal(qblk_stale_images_get_n_images(images), 1);
    g_autoptr(QblkStaleImage) image = qblk_stale_image_ref(qblk_stale_images_get_image(images, 0));
    qblk_stale_images_unref(images);
    assert_true(qblk_stale_image_is_copy(image));
    assert_string_equal(qblk_stale_image_get_into(image), "/base");

    qblk_merged_mark_remove(top, directory);
    assert_int_equal(g_unlink(top), 0);
    assert_int_equal(g_rmdir(directory), 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_graph_is_checked_without_its_files),
        cmocka_unit_test(a_difference_can_outlive_its_list),
        cmocka_unit_test(a_disk_that_only_one_side_has_is_a_difference),
        cmocka_unit_test(the_disks_of_a_domain_are_checked_by_name),
        cmocka_unit_test(a_disk_that_does_not_exist_is_an_error),
        cmocka_unit_test(an_address_that_is_not_valid_is_an_error),
        cmocka_unit_test(marks_are_read_if_the_files_are_here),
        cmocka_unit_test(a_reference_to_a_stale_image_is_one_to_its_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
