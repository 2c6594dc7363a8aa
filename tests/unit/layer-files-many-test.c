/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/layer-file.h"

#include "lib/check.h"

/* Many layers and open files, from a QEMU that a guest has taken over: comparing each layer with
 * each file would take minutes. */

#define MANY   20000
#define DEVICE 0x801

typedef struct {
    GPtrArray *nodes; /* of QblkNode, owned */
    QblkOpenedFiles *opened;
} Machine;

static Machine
machine_new(void)
{
    Machine machine = {
        .nodes = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_node_free),
        .opened = qblk_opened_files_new(0),
    };
    g_clear_pointer(&machine.opened->unknown, g_free);
    machine.opened->is_same_root = TRUE;
    return machine;
}

static void
machine_clear(Machine *machine)
{
    g_ptr_array_unref(machine->nodes);
    qblk_opened_files_free(machine->opened);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Machine, machine_clear)

/* The file name is @name with @number. */
static QblkNode *
add_node(Machine *machine, const char *driver, const char *name, guint number)
{
    g_autofree char *text = g_strdup_printf("%s-%s-%u", driver, name, number);
    QblkNode *node = qblk_node_new(text);
    g_autofree char *filename = g_strdup_printf("/d/%s%u", name, number);
    qblk_node_set_text(&node->driver, driver);
    node->kind = qblk_driver_find(driver);
    qblk_node_set_text(&node->filename, filename);
    node->read_only = TRUE;
    node->virtual_size = 512;
    node->actual_size = 4096;
    g_ptr_array_add(machine->nodes, node);
    return node;
}

/* Returns: a qcow2 node on a protocol node, on top of @lower, which may be NULL */
static QblkNode *
add_layer(Machine *machine, const char *name, guint number, QblkNode *lower)
{
    QblkNode *node = add_node(machine, "qcow2", name, number);
    qblk_node_add_child(node, "file", add_node(machine, "file", name, number));
    if (lower != NULL) {
        qblk_node_add_child(node, "backing", lower);
        qblk_node_set_text(&node->backing_name, "lower");
    }
    return node;
}

static void
add_name(Machine *machine, const char *name, guint number, gint64 inode)
{
    const QblkFileIdentity file = {.device = DEVICE, .inode = inode};
    g_autofree char *path = g_strdup_printf("/d/%s%u", name, number);
    qblk_opened_files_set_name(machine->opened, path, &file);
}

static QblkOpenedFile *
add_file(Machine *machine, const char *name, guint number, gint64 inode)
{
    const QblkFileIdentity identity = {.device = DEVICE, .inode = inode};
    g_autofree char *path = g_strdup_printf("/d/%s%u", name, number);
    QblkOpenedFile *file =
        qblk_opened_files_add(machine->opened, &identity, (int)inode, path, FALSE);
    file->length = 512;
    file->allocated = 4096;
    return file;
}

/* A qcow2 file whose header leads to the one with the inode @below; 0: it has no backing string. */
static QblkOpenedFile *
add_image(Machine *machine, const char *name, guint number, gint64 inode, gint64 below)
{
    QblkOpenedFile *file = add_file(machine, name, number, inode);
    file->format = "qcow2";
    if (below != 0) {
        file->backing_name = g_strdup("lower");
        file->below = (QblkFileIdentity){.device = DEVICE, .inode = below};
    }
    return file;
}

/* Returns: how many protocol nodes have a file in the result */
static guint
count_found(const Machine *machine)
{
    g_autofree char *unknown = NULL;
    g_autoptr(GHashTable) files =
        qblk_layer_files_load(machine->nodes, machine->opened, NULL, &unknown);
    GHashTableIter iter;
    gpointer value;
    guint count = 0;

    g_hash_table_iter_init(&iter, files);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const QblkLayerFile *file = value;
        count += qblk_file_identity_is_known(&file->open) ? 1 : 0;
    }
    return count;
}

static void
many_names_of_deleted_files(void **state)
{
    g_auto(Machine) machine = machine_new();
    const QblkFileIdentity directory = {.device = DEVICE, .inode = 1};
    qblk_opened_files_set_name(machine.opened, "/d", &directory);
    for (guint i = 0; i < MANY; i++) {
        (void)add_node(&machine, "file", "x", i);
        QblkOpenedFile *file = add_file(&machine, "x", i + MANY / 2, 2 + i);
        file->is_unlinked = file->is_deleted = TRUE;
        file->length = 0;
    }
    assert_int_equal(count_found(&machine), MANY / 2);
}

static void
many_names_that_lead_to_a_file_of_another_size(void **state)
{
    g_auto(Machine) machine = machine_new();
    for (guint i = 0; i < MANY; i++) {
        (void)add_node(&machine, "file", "x", i);
        add_name(&machine, "x", i, 2);
        add_file(&machine, "y", i, 2 + i)->length = 1024;
    }
    assert_int_equal(count_found(&machine), 0);
}

/* Each fits each, so that no layer is known by its size. */
static void
many_files_of_one_size(void **state)
{
    g_auto(Machine) machine = machine_new();
    for (guint i = 0; i < MANY; i++) {
        add_node(&machine, "file", "x", i)->read_only = FALSE;
        (void)add_file(&machine, "y", i, 2 + i);
    }
    (void)add_node(&machine, "file", "y", 0);
    add_name(&machine, "y", 0, 2);
    assert_int_equal(count_found(&machine), 1);
}

/* The headers lead from each file through two, but QEMU only reads the layers and writes to the
 * files. */
static void
many_chains_that_fit_no_headers(void **state)
{
    g_auto(Machine) machine = machine_new();
    for (guint i = 0; i < MANY; i += 2) {
        (void)add_layer(&machine, "x", i, add_layer(&machine, "x", i + 1, NULL));
        add_image(&machine, "y", i, 2 + i, 3 + i)->writable = 1;
        add_image(&machine, "y", i + 1, 3 + i, 0)->writable = 1;
    }
    (void)add_node(&machine, "file", "z", 0);
    add_name(&machine, "z", 0, 1);
    (void)add_file(&machine, "z", 0, 1);
    assert_int_equal(count_found(&machine), 1);
}

/* One half of the layers are overlays of a chain of the other half. */
static void
many_overlays_of_a_long_chain(void **state)
{
    g_auto(Machine) machine = machine_new();
    QblkNode *top = NULL;
    for (guint i = 0; i < MANY / 2; i++) {
        top = add_layer(&machine, "x", i, top);
        add_name(&machine, "x", i, 2 + i);
        (void)add_image(&machine, "x", i, 2 + i, i == 0 ? 0 : 1 + i);
    }
    for (guint i = MANY / 2; i < MANY; i++) {
        (void)add_layer(&machine, "x", i, top);
        add_name(&machine, "x", i, 2 + i);
        (void)add_image(&machine, "x", i, 2 + i, 1 + MANY / 2);
    }
    assert_int_equal(count_found(&machine), MANY);
}

/* Nodes without files of their own: each leads down to the same one. */
static void
many_nodes_on_top_of_each_other(void **state)
{
    g_auto(Machine) machine = machine_new();
    QblkNode *top = add_node(&machine, "file", "x", 0);
    add_name(&machine, "x", 0, 2);
    (void)add_file(&machine, "x", 0, 2);
    for (guint i = 1; i < 5 * MANY; i++) {
        QblkNode *node = add_node(&machine, "raw", "x", i);
        qblk_node_add_child(node, "file", top);
        top = node;
    }
    assert_int_equal(count_found(&machine), 1);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_names_of_deleted_files),
        cmocka_unit_test(many_names_that_lead_to_a_file_of_another_size),
        cmocka_unit_test(many_files_of_one_size),
        cmocka_unit_test(many_chains_that_fit_no_headers),
        cmocka_unit_test(many_overlays_of_a_long_chain),
        cmocka_unit_test(many_nodes_on_top_of_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
