/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-json.h"

/* One table for each struct, used to write and to read it. */
typedef enum {
    TEXT,     /* char *, owned; NULL is null */
    REQUIRED, /* char *, owned; never NULL */
    BOOLEAN,
    FLAG,    /* a BOOLEAN that is only written if it is true */
    INTEGER, /* gint64 */
    VALUE,   /* QblkJson *, owned */
    LIST,    /* GPtrArray *, of structs of another table */
    LATER,   /* a LIST that journals of older versions lack */
    SPARSE,  /* a LIST that is only written if it has elements */
} Kind;

typedef struct Record Record;

typedef struct {
    const char *name;
    Kind kind;
    gsize offset;
    const Record *of; /* of its elements, with LIST */
} Member;

struct Record {
    const Member *members; /* ends with a NULL name */
    gpointer (*make)(void);
};

#define MEMBER(type, name, kind, member)                                                           \
    {                                                                                              \
        name, kind, G_STRUCT_OFFSET(type, member), NULL                                            \
    }
#define LIST_OF(type, name, record, member)                                                        \
    {                                                                                              \
        name, LIST, G_STRUCT_OFFSET(type, member), record                                          \
    }

static const Member undo_members[] = {
    MEMBER(QblkStep, "purpose", REQUIRED, purpose),
    MEMBER(QblkStep, "execute", TEXT, command),
    MEMBER(QblkStep, "arguments", VALUE, arguments),
    MEMBER(QblkStep, "job", TEXT, job),
    MEMBER(QblkStep, "until", TEXT, until),
    MEMBER(QblkStep, "may-fail", BOOLEAN, may_fail),
    {NULL},
};

static gpointer
new_step(void)
{
    return qblk_plan_step_new();
}

static const Record undo = {undo_members, new_step};

static const Member step_members[] = {
    MEMBER(QblkStep, "purpose", REQUIRED, purpose),
    MEMBER(QblkStep, "execute", TEXT, command),
    MEMBER(QblkStep, "arguments", VALUE, arguments),
    MEMBER(QblkStep, "job", TEXT, job),
    MEMBER(QblkStep, "until", TEXT, until),
    MEMBER(QblkStep, "start", BOOLEAN, is_start),
    MEMBER(QblkStep, "final", BOOLEAN, is_final),
    MEMBER(QblkStep, "silent", BOOLEAN, is_silent),
    MEMBER(QblkStep, "may-fail", BOOLEAN, may_fail),
    MEMBER(QblkStep, "at-most-once", BOOLEAN, at_most_once),
    MEMBER(QblkStep, "may-be-done", FLAG, may_be_done),
    MEMBER(QblkStep, "joint", FLAG, is_joint),
    LIST_OF(QblkStep, "undo", &undo, undo),
    {NULL},
};

static const Record step = {step_members, new_step};

static const Member layer_members[] = {
    MEMBER(QblkExpectation, "node", TEXT, node_name),
    MEMBER(QblkExpectation, "format", TEXT, format),
    MEMBER(QblkExpectation, "file", TEXT, filename),
    MEMBER(QblkExpectation, "other-name", FLAG, is_other_name),
    MEMBER(QblkExpectation, "path", TEXT, path),
    MEMBER(QblkExpectation, "backing-string", TEXT, backing_name),
    MEMBER(QblkExpectation, "left-backing-string", TEXT, left_backing_name),
    MEMBER(QblkExpectation, "reopened", BOOLEAN, is_reopened),
    MEMBER(QblkExpectation, "names-next", BOOLEAN, names_next),
    MEMBER(QblkExpectation, "device", INTEGER, file.device),
    MEMBER(QblkExpectation, "inode", INTEGER, file.inode),
    {NULL},
};

static gpointer
new_layer(void)
{
    return g_new0(QblkExpectation, 1);
}

static const Record layer = {layer_members, new_layer};

static const Member removed_members[] = {
    MEMBER(QblkRemovedImage, "file", REQUIRED, filename),
    MEMBER(QblkRemovedImage, "path", TEXT, path),
    MEMBER(QblkRemovedImage, "local", BOOLEAN, is_local),
    MEMBER(QblkRemovedImage, "delete", BOOLEAN, will_delete),
    MEMBER(QblkRemovedImage, "device", INTEGER, file.device),
    MEMBER(QblkRemovedImage, "inode", INTEGER, file.inode),
    {NULL},
};

static gpointer
new_removed_image(void)
{
    return g_new0(QblkRemovedImage, 1);
}

static const Record removed_image = {removed_members, new_removed_image};

static const Member created_members[] = {
    MEMBER(QblkCreatedFile, "file", REQUIRED, filename),
    MEMBER(QblkCreatedFile, "path", TEXT, path),
    MEMBER(QblkCreatedFile, "format", REQUIRED, format),
    MEMBER(QblkCreatedFile, "virtual-size", INTEGER, size),
    MEMBER(QblkCreatedFile, "backing-string", TEXT, backing_name),
    {NULL},
};

static gpointer
new_created_file(void)
{
    return g_new0(QblkCreatedFile, 1);
}

static const Record created_file = {created_members, new_created_file};

static const Member source_members[] = {
    MEMBER(QblkBitmapSource, "node", TEXT, node_name),
    MEMBER(QblkBitmapSource, "file", TEXT, filename),
    {NULL},
};

static gpointer
new_source(void)
{
    return qblk_bitmap_source_new();
}

static const Record source = {source_members, new_source};

static const Member bitmap_members[] = {
    MEMBER(QblkPlannedBitmap, "name", REQUIRED, name),
    LIST_OF(QblkPlannedBitmap, "from", &source, from),
    MEMBER(QblkPlannedBitmap, "into", TEXT, into),
    MEMBER(QblkPlannedBitmap, "left-out-because", TEXT, left_out_because),
    MEMBER(QblkPlannedBitmap, "exists", BOOLEAN, exists),
    MEMBER(QblkPlannedBitmap, "granularity", INTEGER, granularity),
    MEMBER(QblkPlannedBitmap, "persistent", BOOLEAN, is_persistent),
    MEMBER(QblkPlannedBitmap, "recording", BOOLEAN, is_recording),
    {NULL},
};

static gpointer
new_bitmap(void)
{
    return qblk_planned_bitmap_new();
}

static const Record bitmap = {bitmap_members, new_bitmap};

static const Member mend_members[] = {
    MEMBER(QblkPlannedMend, "kind", REQUIRED, kind),
    MEMBER(QblkPlannedMend, "layer", TEXT, layer),
    MEMBER(QblkPlannedMend, "text", REQUIRED, text),
    MEMBER(QblkPlannedMend, "image", TEXT, image),
    MEMBER(QblkPlannedMend, "removes", TEXT, removes),
    MEMBER(QblkPlannedMend, "result", TEXT, result),
    MEMBER(QblkPlannedMend, "remains-because", TEXT, remains_because),
    {NULL},
};

static gpointer
new_mend(void)
{
    return qblk_planned_mend_new();
}

static const Record mend = {mend_members, new_mend};

static const Member plan_members[] = {
    MEMBER(QblkPlan, "kind", REQUIRED, kind),
    MEMBER(QblkPlan, "target", REQUIRED, target),
    MEMBER(QblkPlan, "qdev", TEXT, qdev),
    MEMBER(QblkPlan, "backend", TEXT, backend),
    MEMBER(QblkPlan, "job", REQUIRED, job),
    MEMBER(QblkPlan, "fingerprint", REQUIRED, fingerprint),
    MEMBER(QblkPlan, "reads", TEXT, reads),
    MEMBER(QblkPlan, "writes", TEXT, writes),
    LIST_OF(QblkPlan, "steps", &step, steps),
    LIST_OF(QblkPlan, "before", &layer, before),
    LIST_OF(QblkPlan, "after", &layer, after),
    LIST_OF(QblkPlan, "removed", &removed_image, removed),
    {"planned-bitmaps", LATER, G_STRUCT_OFFSET(QblkPlan, bitmaps), &bitmap},
    {"mends", SPARSE, G_STRUCT_OFFSET(QblkPlan, mends), &mend},
    {"created", SPARSE, G_STRUCT_OFFSET(QblkPlan, created), &created_file},
    MEMBER(QblkPlan, "partial", TEXT, partial),
    MEMBER(QblkPlan, "outcome", TEXT, outcome),
    MEMBER(QblkPlan, "merged", TEXT, merged),
    MEMBER(QblkPlan, "merged-into", TEXT, merged_into),
    MEMBER(QblkPlan, "merged-path", TEXT, merged_path),
    MEMBER(QblkPlan, "merged-into-path", TEXT, merged_into_path),
    MEMBER(QblkPlan, "copy", TEXT, copy),
    MEMBER(QblkPlan, "closed-node", TEXT, closed_node),
    MEMBER(QblkPlan, "replaced-node", TEXT, replaced_node),
    MEMBER(QblkPlan, "existing-job", BOOLEAN, existing_job),
    MEMBER(QblkPlan, "stays-ready", BOOLEAN, stays_ready),
    {NULL},
};

/* ---- to JSON ---- */

static void write_list(QblkJson *object, const Member *member, const GPtrArray *list);

static QblkJson *
write_record(gconstpointer data, const Member *members)
{
    QblkJson *object = qblk_json_new_object();

    for (const Member *member = members; member->name != NULL; member++) {
        const gconstpointer at = (const char *)data + member->offset;
        switch (member->kind) {
        case TEXT:
        case REQUIRED:
            qblk_json_set_string(object, member->name, *(const char *const *)at);
            break;
        case BOOLEAN:
            qblk_json_set_boolean(object, member->name, *(const gboolean *)at);
            break;
        case FLAG:
            if (*(const gboolean *)at) {
                qblk_json_set_boolean(object, member->name, TRUE);
            }
            break;
        case INTEGER:
            qblk_json_set_integer(object, member->name, *(const gint64 *)at);
            break;
        case VALUE:
            qblk_json_set(object, member->name, qblk_json_ref(*(QblkJson *const *)at));
            break;
        case LIST:
        case LATER:
        case SPARSE:
            write_list(object, member, *(GPtrArray *const *)at);
            break;
        }
    }
    return object;
}

static void
write_list(QblkJson *object, const Member *member, const GPtrArray *list)
{
    if (member->kind == SPARSE && list->len == 0) {
        return;
    }

    QblkJson *array = qblk_json_new_array();
    for (guint i = 0; i < list->len; i++) {
        qblk_json_append(array, write_record(list->pdata[i], member->of->members));
    }
    qblk_json_set(object, member->name, array);
}

QblkJson *
qblk_plan_json_new(const QblkPlan *plan)
{
    return write_record(plan, plan_members);
}

char *
qblk_plan_to_json(const QblkPlan *plan)
{
    g_autoptr(QblkJson) json = qblk_plan_json_new(plan);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}

/* ---- from JSON ---- */

static gboolean read_list(GPtrArray *list, const QblkJson *array, const Record *of, GError **error);

/* Read a text, which is NULL afterwards if @value is not one. */
static gboolean
read_text(char **text, const QblkJson *value, gboolean is_required)
{
    *text = g_strdup(qblk_json_string(value));
    if (*text != NULL) {
        return TRUE;
    }
    return !is_required && qblk_json_is_null(value);
}

/* Read a member that is not a list.  FALSE if @value has another type. */
static gboolean
read_value(gpointer at, Kind kind, const QblkJson *value)
{
    switch (kind) {
    case TEXT:
        return read_text(at, value, FALSE);
    case REQUIRED:
        return read_text(at, value, TRUE);
    case BOOLEAN:
        *(gboolean *)at = qblk_json_true(value);
        return qblk_json_is(value, QBLK_JSON_BOOLEAN);
    case FLAG:
        *(gboolean *)at = qblk_json_true(value);
        return value == NULL || qblk_json_is(value, QBLK_JSON_BOOLEAN);
    case INTEGER:
        return qblk_json_integer(value, at);
    case VALUE:
        *(QblkJson **)at = value == NULL ? NULL : qblk_json_ref(value);
        return qblk_json_is(value, QBLK_JSON_OBJECT);
    case LIST:
        return qblk_json_is(value, QBLK_JSON_ARRAY);
    case LATER:
    case SPARSE:
        return value == NULL || qblk_json_is(value, QBLK_JSON_ARRAY);
    }
    return FALSE;
}

static gboolean
read_member(gpointer data, const Member *member, const QblkJson *value, GError **error)
{
    gpointer at = (char *)data + member->offset;

    if (!read_value(at, member->kind, value)) {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE,
                    "not a plan: '%s' is missing or has another type", member->name);
        return FALSE;
    }
    if (member->of == NULL) {
        return TRUE;
    }
    return read_list(*(GPtrArray **)at, value, member->of, error);
}

static gboolean
read_record(gpointer data, const Member *members, const QblkJson *object, GError **error)
{
    for (const Member *member = members; member->name != NULL; member++) {
        if (!read_member(data, member, qblk_json_get(object, member->name), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
read_list(GPtrArray *list, const QblkJson *array, const Record *of, GError **error)
{
    for (gsize i = 0; i < qblk_json_length(array); i++) {
        gpointer data = of->make();
        g_ptr_array_add(list, data);
        if (!read_record(data, of->members, qblk_json_at(array, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

QblkPlan *
qblk_plan_json_read(const QblkJson *json, GError **error)
{
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    return read_record(plan, plan_members, json, error) ? g_steal_pointer(&plan) : NULL;
}
