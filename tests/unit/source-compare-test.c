/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-compare.h"

#include "lib/check.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void
assert_place(const QblkSource *a, const QblkSource *b, gboolean same)
{
    assert_int_equal(qblk_source_is_same_place(a, b), same);
    assert_int_equal(qblk_source_is_same_place(b, a), same);
}

static QblkSource *
local(QblkSourceType type, const char *path)
{
    QblkSource *source = qblk_source_new(type);

    source->path = g_strdup(path);
    return source;
}

static QblkSource *
remote(void)
{
    QblkSource *source = qblk_source_new(QBLK_SOURCE_NETWORK);

    source->protocol = g_strdup("nbd");
    source->name = g_strdup("export");
    qblk_source_add_host(source, NULL, "h", "10809", NULL);
    return source;
}

/* ---- on this machine ---- */

static void
paths_are_the_same_exactly_or_after_resolving_links(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("qblk-place-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(directory, "image", NULL);
    g_autofree char *link = g_build_filename(directory, "link", NULL);
    g_autofree char *dots = g_strconcat(directory, "/./image", NULL);
    g_autofree char *broken = g_build_filename(directory, "broken", NULL);

    assert_true(g_file_set_contents(file, "x", 1, NULL));
    assert_int_equal(symlink("image", link), 0);
    assert_int_equal(symlink("gone", broken), 0);
    const struct {
        const char *left, *right;
        gboolean same;
    } cases[] = {
        {file, file, TRUE},       {file, link, TRUE},       {dots, link, TRUE},
        {file, directory, FALSE}, {broken, broken, TRUE},   {broken, file, FALSE},
        {broken, "/gone", FALSE}, {"image", "image", TRUE}, {"image", "./image", FALSE},
        {file, "image", FALSE},   {NULL, NULL, TRUE},       {NULL, file, FALSE},
        {"", "", TRUE},           {"", NULL, FALSE},        {"", file, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkSource) a = local(QBLK_SOURCE_FILE, cases[i].left);
        g_autoptr(QblkSource) b = local(QBLK_SOURCE_FILE, cases[i].right);
        assert_place(a, b, cases[i].same);
    }

    g_unlink(broken);
    g_unlink(link);
    g_unlink(file);
    g_rmdir(directory);
}

static void
a_block_device_may_be_called_a_file(void **state)
{
    g_autoptr(QblkSource) file = local(QBLK_SOURCE_FILE, "/dev/x");
    g_autoptr(QblkSource) block = local(QBLK_SOURCE_BLOCK, "/dev/x");
    g_autoptr(QblkSource) directory = local(QBLK_SOURCE_DIR, "/dev/x");
    g_autoptr(QblkSource) socket = local(QBLK_SOURCE_VHOST_USER, "/dev/x");

    assert_place(file, block, TRUE);
    assert_place(block, directory, TRUE);
    assert_place(file, socket, FALSE);
}

/* ---- at a server ---- */

static void
each_member_of_the_location_is_compared(void **state)
{
    static const gsize members[] = {
        G_STRUCT_OFFSET(QblkSource, protocol),       G_STRUCT_OFFSET(QblkSource, name),
        G_STRUCT_OFFSET(QblkSource, query),          G_STRUCT_OFFSET(QblkSource, snapshot),
        G_STRUCT_OFFSET(QblkSource, pci_domain),     G_STRUCT_OFFSET(QblkSource, pci_bus),
        G_STRUCT_OFFSET(QblkSource, pci_slot),       G_STRUCT_OFFSET(QblkSource, pci_function),
        G_STRUCT_OFFSET(QblkSource, nvme_namespace), G_STRUCT_OFFSET(QblkSource, slice_offset),
        G_STRUCT_OFFSET(QblkSource, slice_size),     G_STRUCT_OFFSET(QblkSource, config),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autoptr(QblkSource) a = remote();
        g_autoptr(QblkSource) b = remote();
        assert_place(a, b, TRUE);
        g_free(*qblk_source_text(b, members[i]));
        *qblk_source_text(b, members[i]) = g_strdup("other");
        assert_place(a, b, FALSE);
    }
}

static void
the_way_to_a_server_is_not_compared(void **state)
{
    g_autoptr(QblkSource) a = remote();
    g_autoptr(QblkSource) b = remote();

    b->tls = g_strdup("yes");
    b->auth_user = g_strdup("me");
    b->timeout = g_strdup("5");
    b->readahead = g_strdup("4096");
    b->ssl_verify = g_strdup("no");
    g_ptr_array_add(b->dropped, g_strdup("the option 'x'"));
    assert_place(a, b, TRUE);
}

static void
servers_are_the_same_one_by_one(void **state)
{
    static const struct {
        const char *transport, *name, *port, *socket;
        gboolean same;

    } cases[] = {
        {NULL, "h", "10809", NULL, TRUE},  {"tcp", "h", "10809", NULL, TRUE},
        {NULL, "g", "10809", NULL, FALSE}, {NULL, "h", "10810", NULL, FALSE},
        {"unix", NULL, NULL, "/s", FALSE}, {NULL, "h", NULL, NULL, TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkSource) a = remote();
        g_autoptr(QblkSource) b = remote();
        g_ptr_array_set_size(b->hosts, 0);
        assert_place(a, b, FALSE);
        qblk_source_add_host(b, cases[i].transport, cases[i].name, cases[i].port, cases[i].socket);
        assert_place(a, b, cases[i].same);
        qblk_source_add_host(b, NULL, "h", "10809", NULL);
        assert_place(a, b, FALSE);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_the_same_exactly_or_after_resolving_links),
        cmocka_unit_test(a_block_device_may_be_called_a_file),
        cmocka_unit_test(each_member_of_the_location_is_compared),
        cmocka_unit_test(the_way_to_a_server_is_not_compared),
        cmocka_unit_test(servers_are_the_same_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
