/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of enums are those that docs/json.md lists. */
#include "lib/check.h"

#include <qblk/qblk.h>
#include <stdlib.h>

/* A field of an object in docs/json.md, and the words of the values of its enum. */
typedef struct {
    const char *heading, *field;
    const char *words[10];
} Field;

/* The part of @text from after @begin to the next @end. */
static char *
cut_out(const char *text, const char *begin, const char *end)
{
    const char *from = strstr(text, begin);
    if (from == NULL) {
        fail_msg("docs/json.md does not have '%s'", begin);
        return NULL;
    }
    from += strlen(begin);
    const char *to = strstr(from, end);
    return to == NULL ? g_strdup(from) : g_strndup(from, (gsize)(to - from));
}

/* The row of a field in the table below a heading. */
static char *
find_row(const char *document, const Field *field)
{
    g_autofree char *heading = g_strdup_printf("# %s\n", field->heading);
    g_autofree char *section = cut_out(document, heading, "\n#");
    g_autofree char *begin = g_strdup_printf("\n| `%s` |", field->field);
    return cut_out(section, begin, "\n");
}

static void
check_field(const char *document, const Field *field)
{
    g_autofree char *row = find_row(document, field);
    for (gsize i = 0; i < G_N_ELEMENTS(field->words) && field->words[i] != NULL; i++) {
        g_autofree char *word = g_strdup_printf("`%s`", field->words[i]);
        if (strstr(row, word) == NULL) {
            fail_msg("docs/json.md does not list '%s' of '%s'", field->words[i], field->field);
        }
    }
}

static void
each_word_is_documented(void **state)
{
    const Field fields[] = {
        {"Chain",
         "name-source",
         {qblk_name_source_name(QBLK_NAME_SOURCE_USER),
          qblk_name_source_name(QBLK_NAME_SOURCE_DOMAIN),
          qblk_name_source_name(QBLK_NAME_SOURCE_QDEV),
          qblk_name_source_name(QBLK_NAME_SOURCE_ALIAS),
          qblk_name_source_name(QBLK_NAME_SOURCE_BACKEND),
          qblk_name_source_name(QBLK_NAME_SOURCE_ENUMERATION),
          qblk_name_source_name(QBLK_NAME_SOURCE_IMAGE)}},
        {"Chain",
         "bus",
         {qblk_bus_name(QBLK_BUS_VIRTIO), qblk_bus_name(QBLK_BUS_SCSI),
          qblk_bus_name(QBLK_BUS_SATA), qblk_bus_name(QBLK_BUS_IDE), qblk_bus_name(QBLK_BUS_USB),
          qblk_bus_name(QBLK_BUS_FDC), qblk_bus_name(QBLK_BUS_NVME), qblk_bus_name(QBLK_BUS_SD)}},
        {"Chain",
         "device",
         {qblk_device_kind_name(QBLK_DEVICE_KIND_DISK), qblk_device_kind_name(QBLK_DEVICE_KIND_LUN),
          qblk_device_kind_name(QBLK_DEVICE_KIND_CDROM),
          qblk_device_kind_name(QBLK_DEVICE_KIND_FLOPPY)}},
        {"Chain",
         "index-source",
         {qblk_index_source_name(QBLK_INDEX_SOURCE_POSITION),
          qblk_index_source_name(QBLK_INDEX_SOURCE_LIBVIRT),
          qblk_index_source_name(QBLK_INDEX_SOURCE_DOMAIN)}},
        {"Mirror",
         "kind",
         {qblk_job_kind_name(QBLK_JOB_KIND_COPY), qblk_job_kind_name(QBLK_JOB_KIND_ACTIVE_COMMIT)}},
        {"User",
         "kind",
         {qblk_user_kind_name(QBLK_USER_KIND_DEVICE), qblk_user_kind_name(QBLK_USER_KIND_EXPORT),
          qblk_user_kind_name(QBLK_USER_KIND_JOB), qblk_user_kind_name(QBLK_USER_KIND_FILTER),
          qblk_user_kind_name(QBLK_USER_KIND_NODE)}},
        {"User",
         "access",
         {qblk_export_access_name(QBLK_EXPORT_ACCESS_READ_ONLY),
          qblk_export_access_name(QBLK_EXPORT_ACCESS_WRITABLE)}},
        {"Open file",
         "state",
         {qblk_file_state_name(QBLK_FILE_ANOTHER), qblk_file_state_name(QBLK_FILE_GONE),
          qblk_file_state_name(QBLK_FILE_DESCRIPTOR), qblk_file_state_name(QBLK_FILE_UNKNOWN)}},
        {"Source",
         "type",
         {qblk_source_type_name(QBLK_SOURCE_FILE), qblk_source_type_name(QBLK_SOURCE_BLOCK),
          qblk_source_type_name(QBLK_SOURCE_DIR), qblk_source_type_name(QBLK_SOURCE_NETWORK),
          qblk_source_type_name(QBLK_SOURCE_NVME), qblk_source_type_name(QBLK_SOURCE_VHOST_USER),
          qblk_source_type_name(QBLK_SOURCE_VHOST_VDPA)}},
    };
    g_autofree char *path = g_build_filename(getenv("QBLK_SOURCE_ROOT"), "docs", "json.md", NULL);
    g_autofree char *document = NULL;
    assert_true(g_file_get_contents(path, &document, NULL, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        assert_non_null(fields[i].words[0]);
        check_field(document, &fields[i]);
    }
}

static void
each_member_of_a_source_is_documented(void **state)
{
    g_autofree char *path = g_build_filename(getenv("QBLK_SOURCE_ROOT"), "docs", "json.md", NULL);
    g_autofree char *document = NULL;
    assert_true(g_file_get_contents(path, &document, NULL, NULL));
    for (guint i = 0; qblk_source_member_name(i) != NULL; i++) {
        const Field field = {"Source", qblk_source_member_name(i), {NULL}};
        g_autofree char *row = find_row(document, &field);
        assert_non_null(row);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_is_documented),
        cmocka_unit_test(each_member_of_a_source_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
