/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-arguments.h"
#include "lib/check.h"

/* The arguments for @count layers, in one text. */
static char *
arguments_for(QblkImageLayer *layers, guint count, const QblkImageOptions *options,
              QblkImageUse use)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();

    for (guint i = 0; i < count; i++) {
        g_ptr_array_add(list, &layers[i]);
    }

    g_auto(GStrv) arguments = qblk_image_arguments(list, options->secrets, use);
    return g_strjoinv("\n", arguments);
}

static char *
arguments_of(QblkImageLayer *layers, guint count)
{
    g_autoptr(QblkImageOptions) options = qblk_image_options_new();

    return arguments_for(layers, count, options, QBLK_IMAGE_FOR_READING);
}

#define TAIL  "--chardev\nsocket,id=qmp,fd=0\n--monitor\nchardev=qmp"
#define FLAGS "\"read-only\":true,\"force-share\":true"
#define FILE_NODE(name, path)                                                                      \
    "--blockdev\n{\"driver\":\"file\",\"node-name\":\"" name "\"," FLAGS ",\"filename\":\"" path   \
    "\"}\n"

static char top[] = "/a/top.qcow2", middle[] = "/a/middle.qcow2", base[] = "/a/base.img";
static char block[] = "/dev/sdx", odd[] = "/a,b=c\"\n{json:}.img", data[] = "/a/data.raw";
static char is_qcow2[] = "qcow2", is_raw[] = "raw";

static void
a_fully_specified_chain_gets_nodes_for_its_top_only(void **state)
{
    QblkImageLayer layers[] = {
        {.path = top, .format = is_qcow2, .has_backing = TRUE, .qemu_finds_backing = TRUE},
        {.path = middle, .format = is_qcow2, .has_backing = TRUE, .qemu_finds_backing = TRUE},
        {.path = base, .format = is_raw},
    };
    g_autofree char *text = arguments_of(layers, 3);

    assert_string_equal(
        text,
        "qemu-storage-daemon\n" FILE_NODE(
            "qblk-image-file",
            "/a/top.qcow2") "--blockdev\n{\"driver\":\"qcow2\",\"node-name\":\"qblk-image\"," FLAGS
                            ",\"file\":\"qblk-image-file\"}\n" TAIL);
}

static void
what_qemu_would_guess_is_specified(void **state)
{
    QblkImageLayer layers[] = {
        {.path = top, .format = is_qcow2, .has_backing = TRUE},
        {.path = base, .format = is_raw},
    };
    g_autofree char *text = arguments_of(layers, 2);

    assert_string_equal(
        text,
        "qemu-storage-daemon\n" FILE_NODE(
            "qblk-image-1-file",
            "/a/base.img") "--blockdev\n{\"driver\":\"raw\",\"node-name\":\"qblk-image-1\"," FLAGS
                           ",\"file\":\"qblk-image-1-file\"}\n" FILE_NODE(
                               "qblk-image-file",
                               "/a/top.qcow2") "--blockdev\n{\"driver\":\"qcow2\",\"node-name\":"
                                               "\"qblk-image\"," FLAGS
                                               ",\"file\":\"qblk-image-file\",\"backing\":\"qblk-"
                                               "image-1\"}\n" TAIL);
}

static void
a_data_file_and_a_block_device_get_nodes(void **state)
{
    QblkImageLayer layers[] = {
        {.path = block, .format = is_qcow2, .is_block = TRUE, .data_path = data},
    };
    g_autofree char *text = arguments_of(layers, 1);

    assert_non_null(strstr(text, "{\"driver\":\"host_device\",\"node-name\":\"qblk-image-file\""));
    assert_non_null(strstr(text, FILE_NODE("qblk-image-data", "/a/data.raw")));
    assert_non_null(strstr(text, "\"data-file\":\"qblk-image-data\""));
}

/* QEMU would look for one in the header, and may find one that qblk does not find. */
static void
the_end_of_a_chain_is_specified(void **state)
{
    static char formats[][8] = {"qcow2", "qcow", "qed", "vmdk"};

    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        QblkImageLayer layers[] = {{.path = top, .format = formats[i]}};
        g_autofree char *text = arguments_of(layers, 1);
        assert_non_null(strstr(text, ",\"file\":\"qblk-image-file\",\"backing\":null}\n" TAIL));
    }

    QblkImageLayer layers[] = {{.path = top, .format = is_raw}};
    g_autofree char *text = arguments_of(layers, 1);
    assert_null(strstr(text, "backing"));
}

static void
all_layers_down_to_the_lowest_vmdk_get_nodes(void **state)
{
    static char is_vmdk[] = "vmdk";
    QblkImageLayer layers[] = {
        {.path = top, .format = is_qcow2, .has_backing = TRUE, .qemu_finds_backing = TRUE},
        {.path = middle, .format = is_qcow2, .has_backing = TRUE, .qemu_finds_backing = TRUE},
        {.path = base, .format = is_vmdk},
    };
    g_autofree char *text = arguments_of(layers, 3);

    assert_non_null(strstr(text, "\"file\":\"qblk-image-file\",\"backing\":\"qblk-image-1\"}"));
    assert_non_null(strstr(text, "\"file\":\"qblk-image-1-file\",\"backing\":\"qblk-image-2\"}"));
    assert_non_null(strstr(text, "\"file\":\"qblk-image-2-file\",\"backing\":null}"));
}

static void
a_file_name_cannot_add_an_argument(void **state)
{
    QblkImageLayer layers[] = {{.path = odd, .format = is_raw}};
    g_autofree char *text = arguments_of(layers, 1);
    assert_non_null(strstr(text, "\"filename\":\"/a,b=c\\\"\\n{json:}.img\"}\n--blockdev\n"));
}

/* The nodes of a chain that is changed: the files are opened for writing when a job writes. */
static void
each_layer_of_an_image_for_changes_gets_nodes_with_locks(void **state)
{
    QblkImageLayer layers[] = {
        {.path = top, .format = is_qcow2, .has_backing = TRUE, .qemu_finds_backing = TRUE},
        {.path = base, .format = is_raw},
    };
    g_autoptr(QblkImageOptions) options = qblk_image_options_new();
    g_autofree char *text = arguments_for(layers, 2, options, QBLK_IMAGE_FOR_CHANGES);
    g_autofree char *shown = arguments_for(layers, 2, options, QBLK_IMAGE_FOR_PLANS);

    assert_null(strstr(text, "force-share"));
    assert_non_null(strstr(text, "\"node-name\":\"qblk-offline-1-file\",\"read-only\":false,"
                                 "\"filename\":\"/a/base.img\",\"auto-read-only\":true,"));
    assert_non_null(strstr(text, "\"node-name\":\"qblk-offline-1\",\"read-only\":true,"));
    assert_non_null(strstr(text, "\"node-name\":\"qblk-offline\",\"read-only\":false,"));
    assert_non_null(strstr(text, "\"backing\":\"qblk-offline-1\""));
    assert_non_null(strstr(shown, "\"node-name\":\"qblk-offline\"," FLAGS));
    assert_non_null(strstr(shown, "\"node-name\":\"qblk-offline-1-file\"," FLAGS));
}

static void
a_secret_is_read_from_its_file(void **state)
{
    static char object[] = "k", is_luks[] = "luks", path[] = "/a/key,1";
    QblkImageSecret secret = {.id = object, .object = object, .path = path};
    QblkImageLayer layers[] = {
        {.path = top,
         .format = is_qcow2,
         .encryption = "luks",
         .secret = object,
         .has_backing = TRUE,
         .qemu_finds_backing = TRUE},
        {.path = base, .format = is_luks, .encryption = "luks", .secret = object},
    };
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_autoptr(GPtrArray) secrets = g_ptr_array_new();
    g_ptr_array_add(list, &layers[0]);
    g_ptr_array_add(list, &layers[1]);
    g_ptr_array_add(secrets, &secret);

    g_auto(GStrv) arguments = qblk_image_arguments(list, secrets, QBLK_IMAGE_FOR_READING);
    g_autofree char *text = g_strjoinv("\n", arguments);
    assert_non_null(strstr(text, "--object\nsecret,id=k,file=/a/key,,1\n--blockdev"));
    assert_non_null(strstr(text, "\"encrypt\":{\"format\":\"luks\",\"key-secret\":\"k\"}"));
    assert_non_null(strstr(text, "\"file\":\"qblk-image-1-file\",\"key-secret\":\"k\"}"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fully_specified_chain_gets_nodes_for_its_top_only),
        cmocka_unit_test(what_qemu_would_guess_is_specified),
        cmocka_unit_test(a_data_file_and_a_block_device_get_nodes),
        cmocka_unit_test(the_end_of_a_chain_is_specified),
        cmocka_unit_test(all_layers_down_to_the_lowest_vmdk_get_nodes),
        cmocka_unit_test(a_file_name_cannot_add_an_argument),
        cmocka_unit_test(each_layer_of_an_image_for_changes_gets_nodes_with_locks),
        cmocka_unit_test(a_secret_is_read_from_its_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
