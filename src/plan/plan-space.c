/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-space.h"

#include "plan/copy-size.h"
#include "plan/plan-check.h"

/* Of a new qcow2 image: its header, and the table of its reference counts. */
#define FIRST_BYTES (3 * 65536)

/* Tables of an image for each byte of data, and at least: data that are not in one place need more
 * tables than in a full image. */
#define TABLES_PART  1024
#define TABLES_BYTES (5 * 65536)

const QblkSpaceSource *
qblk_plan_space_of_machine(void)
{
    static const QblkSpaceSource source = {qblk_room_find, qblk_image_data_count};
    return &source;
}

static gint64
add(gint64 a, gint64 b)
{
    return a > G_MAXINT64 - b ? G_MAXINT64 : a + b;
}

/* ---- where ---- */

/* Returns: (nullable): a path that leads to the file of @layer on this machine */
static const char *
layer_path(const QblkLayer *layer)
{
    return qblk_layer_file_is_known(layer->file) ? layer->file->here : NULL;
}

/* Returns: (nullable): the external data file of qcow2 of @layer, which has its data as raw */
static const QblkFurtherFile *
data_file(const QblkLayer *layer)
{
    gboolean has_one = layer->further_files != NULL && layer->further_files->len == 1;
    return has_one && g_str_equal(layer->format, "qcow2") ? layer->further_files->pdata[0] : NULL;
}

static const char *
further_path(const QblkFurtherFile *further)
{
    return qblk_layer_file_is_known(further->file) ? further->file->here : NULL;
}

/* Returns: (nullable): a path to the file into which the data of @layer are written */
static const char *
data_path(const QblkLayer *layer)
{
    if (layer->further_files == NULL) {
        return layer_path(layer);
    }
    return data_file(layer) == NULL ? NULL : further_path(data_file(layer));
}

static const char *
written_path(const QblkPlanContext *context, const QblkSpaceRequest *request)
{
    const QblkOpenedFiles *opened = context->snapshot->opened;
    if (request->into != NULL) {
        return data_path(request->into);
    }
    return opened == NULL || opened->unknown != NULL ? NULL : request->path;
}

static const char *
written_format(const QblkSpaceRequest *request)
{
    if (request->into == NULL) {
        return request->format;
    }
    return data_file(request->into) == NULL ? request->into->format : "raw";
}

/* ---- at most ---- */

static gint64
with_tables(const QblkSpaceRequest *request, gint64 data)
{
    gboolean is_raw = g_str_equal(written_format(request), "raw");
    return is_raw ? data : add(data, data / TABLES_PART + TABLES_BYTES);
}

/* What QEMU reports as allocated, or else the virtual size.  Of several files it may report only
 * the first one. */
static gint64
allocated(const QblkPlanContext *context, const QblkLayer *layer)
{
    QblkRoom room = {0};
    gint64 size = layer->actual_size;
    if (layer->further_files != NULL) {
        const char *path = data_path(layer);
        gboolean is_known =
            path != NULL && context->space->find_room(path, &room) && !room.is_device;
        size = is_known ? room.allocated : QBLK_UNKNOWN;
    }

    size = size == QBLK_UNKNOWN ? layer->virtual_size : size;
    return size == QBLK_UNKNOWN ? G_MAXINT64 : size;
}

/* The size of the image if it is full. */
static gint64
full_size(const QblkSpaceRequest *request)
{
    const QblkLayer *first = request->chain->layers->pdata[request->first];
    gint64 into = request->into == NULL ? 0 : request->into->virtual_size;
    if (first->virtual_size == QBLK_UNKNOWN || into == QBLK_UNKNOWN) {
        return G_MAXINT64;
    }
    return qblk_copy_size_of_full_image(written_format(request), MAX(first->virtual_size, into));
}

static gint64
count_most(const QblkPlanContext *context, const QblkSpaceRequest *request, const QblkRoom *room)
{
    gint64 full = full_size(request), sum = 0;
    for (guint i = request->first; i < request->end; i++) {
        sum = add(sum, allocated(context, request->chain->layers->pdata[i]));
    }

    /* QEMU cannot leave out zeros in a LUKS image: it encrypts and writes them. */
    if (g_str_equal(written_format(request), "luks")) {
        sum = full;
    }

    /* Clusters of internal snapshots are not written again. */
    gboolean keeps_old = request->into != NULL && request->into->internal_snapshots != NULL;
    gint64 data = with_tables(request, sum);
    return keeps_old || full == G_MAXINT64 ? data : MIN(data, MAX(full - room->allocated, 0));
}

/* ---- at least ---- */

static gboolean
count_layer(const QblkPlanContext *context, const QblkLayer *layer, gboolean skips_zeros,
            gint64 enough, QblkImageData *found)
{
    const char *path = layer_path(layer);
    gboolean is_whole = path != NULL && layer->file->offset == 0 && layer->encryption == NULL &&
                        layer->further_files == NULL;
    return is_whole && context->space->count_data(path, layer->format, layer->virtual_size,
                                                  skips_zeros, enough, found);
}

/* Count the data that the job certainly writes, until there is more of it than @room. */
static gint64
count_data(const QblkPlanContext *context, const QblkSpaceRequest *request, gint64 room,
           gint64 hidden)
{
    gint64 sum = 0;
    for (guint i = request->first; i < request->end && sum <= room; i++) {
        const QblkLayer *layer = request->chain->layers->pdata[i];
        QblkImageData found = {0};
        if (!count_layer(context, layer, request->skips_zeros, add(room - sum, hidden), &found)) {
            return sum;
        }

        sum += MAX(found.data - hidden, 0);
        hidden = add(hidden, found.covered);
    }
    return sum;
}

/* The layer that is written hides the data below of which it has any. */
static gint64
count_least_above(const QblkPlanContext *context, const QblkSpaceRequest *request,
                  const QblkRoom *room)
{
    QblkImageData own = {0};
    if (!count_layer(context, request->into, FALSE, G_MAXINT64, &own)) {
        return 0;
    }

    /* On a block device its own data need space as well. */
    if (room->is_device) {
        gint64 left = MAX(room->size - own.data, 0);
        return add(own.data, count_data(context, request, left, own.covered));
    }

    /* Clusters that have no data any longer are used again. */
    gint64 unused = MAX(room->allocated - own.data, 0);
    gint64 data = count_data(context, request, add(room->free, unused), own.covered);
    return MAX(data - unused, 0);
}

static gint64
count_least(const QblkPlanContext *context, const QblkSpaceRequest *request, const QblkRoom *room)
{
    const QblkLayer *into = request->into;
    gboolean is_above = into != NULL && into->position < request->first;
    gboolean is_qcow2 = g_str_equal(written_format(request), "qcow2");
    if (!room->is_plain) {
        return 0;
    }
    if (is_above) {
        return count_least_above(context, request, room);
    }

    gint64 tables = request->is_new && is_qcow2 ? FIRST_BYTES : 0;
    gint64 free = room->is_device ? room->size : room->free;
    gint64 data = count_data(context, request, add(free, room->allocated), 0);
    return MAX(data + tables - room->allocated, 0);
}

/* ---- the check ---- */

static gboolean
check_file(const QblkPlanContext *context, const QblkSpaceRequest *request, const QblkRoom *room,
           QblkPlan *plan, GError **error)
{
    QblkPlanSpace *space = &plan->space;
    space->device = room->device;
    space->free = room->free;
    space->available = room->available;
    space->most = count_most(context, request, room);
    if (space->most <= room->available) {
        return TRUE;
    }

    space->least = count_least(context, request, room);
    if (space->least > room->free) {
        return qblk_plan_refuse(error,
                                "'%s' would grow by at least %" G_GINT64_FORMAT
                                " bytes, and its file system has %" G_GINT64_FORMAT
                                " bytes left: make room there first",
                                space->path, space->least, room->free);
    }
    char *warning = g_strdup_printf("'%s' may grow by up to %" G_GINT64_FORMAT
                                    " bytes, and its file system has %" G_GINT64_FORMAT
                                    " bytes left: if they are not enough, the job is rolled back",
                                    space->path, space->most, room->available);
    g_ptr_array_add(plan->warnings, warning);
    return TRUE;
}

/* What an image on a block device uses of it is known only if QEMU has written to it, so it may be
 * full.  A raw image needs no space. */
static gboolean
check_device(const QblkPlanContext *context, const QblkSpaceRequest *request, const QblkRoom *room,
             QblkPlan *plan, GError **error)
{
    gboolean is_raw = g_str_equal(written_format(request), "raw");
    gint64 most = full_size(request);
    if (is_raw || most <= room->size) {
        return TRUE;
    }

    gint64 least = count_least(context, request, room);
    if (least > room->size) {
        return qblk_plan_refuse(error,
                                "'%s' has %" G_GINT64_FORMAT
                                " bytes, and the image on it would need at least %" G_GINT64_FORMAT
                                " bytes: enlarge the device first",
                                plan->space.path, room->size, least);
    }

    gboolean is_known = request->into == NULL || request->into->written_end != QBLK_UNKNOWN;
    gint64 used = request->into == NULL || !is_known ? 0 : request->into->written_end;
    gint64 data = add(used, count_most(context, request, room));
    if (is_known && data <= room->size) {
        return TRUE;
    }
    char *warning = g_strdup_printf(
        "'%s' has %" G_GINT64_FORMAT " bytes, and the image on it may need up to %" G_GINT64_FORMAT
        " bytes: if they are not enough, the job is rolled back",
        plan->space.path, room->size, is_known ? MIN(most, data) : most);
    g_ptr_array_add(plan->warnings, warning);
    return TRUE;
}

/* With werror=stop or enospc the guest is stopped by a full file system. */
static void
warn_of_stopped_guest(const QblkSpaceRequest *request, QblkPlan *plan)
{
    const QblkChain *chain = request->chain;
    if (chain->is_stopped && g_strcmp0(chain->io_status, "nospace") == 0) {
        char *warning = g_strdup_printf("disk '%s' had no space for a write of the guest, which is "
                                        "stopped: resume it with 'cont' when there is space",
                                        chain->target);
        g_ptr_array_add(plan->warnings, warning);
    }
}

gboolean
qblk_plan_check_space(const QblkPlanContext *context, const QblkSpaceRequest *request,
                      QblkPlan *plan, GError **error)
{
    const char *path = written_path(context, request);
    QblkRoom room = {0};

    warn_of_stopped_guest(request, plan);
    if (context->space == NULL || path == NULL || !context->space->find_room(path, &room)) {
        return TRUE;
    }

    plan->space.path = g_strdup(path);
    return room.is_device ? check_device(context, request, &room, plan, error)
                          : check_file(context, request, &room, plan, error);
}

void
qblk_plan_space_set_written(QblkPlan *plan, const QblkLayer *layer)
{
    plan->space.path = layer == NULL ? NULL : g_strdup(data_path(layer));
}

/* ---- several plans ---- */

/* Add up what the plans need that write to the file system of @first, the first of them.  Returns:
 * how many these are; 0 if @first is not the first one */
static guint
add_up(const GPtrArray *plans, guint first, gint64 *least, gint64 *most)
{
    const QblkPlan *plan = plans->pdata[first];
    guint count = 0;
    for (guint i = 0; i < plans->len; i++) {
        const QblkPlan *other = plans->pdata[i];
        if (other->space.device != plan->space.device) {
            continue;
        }
        if (i < first) {
            return 0;
        }
        count++;
        *least = add(*least, other->space.least);
        *most = add(*most, other->space.most);
    }
    return count;
}

gboolean
qblk_plan_check_space_of_all(const GPtrArray *plans, GError **error)
{
    for (guint i = 0; i < plans->len; i++) {
        const QblkPlan *plan = plans->pdata[i];
        const QblkPlanSpace *space = &plan->space;
        gint64 least = 0, most = 0;
        if (space->device == 0 || add_up(plans, i, &least, &most) < 2) {
            continue;
        }

        if (least > space->free) {
            return qblk_plan_refuse(
                error,
                "the jobs need at least %" G_GINT64_FORMAT " bytes of the file system of '%s', "
                "which has %" G_GINT64_FORMAT " bytes left: make room there first",
                least, space->path, space->free);
        }
        if (most > space->available) {
            char *warning = g_strdup_printf(
                "the jobs may need up to %" G_GINT64_FORMAT " bytes of the file system of '%s', "
                "which has %" G_GINT64_FORMAT " bytes left: if they are not enough, the jobs are "
                "rolled back",
                most, space->path, space->available);
            g_ptr_array_add(plan->warnings, warning);
        }
    }
    return TRUE;
}
