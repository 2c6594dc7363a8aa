/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/new-image.h"

#include "plan/plan-steps.h"

#include <string.h>

#define MAX_ID_PART 12 /* bytes; a node-name has at most 31 */

void
qblk_new_image_clear(QblkNewImage *image)
{
    g_clear_pointer(&image->node, g_free);
    g_clear_pointer(&image->storage, g_free);
    g_clear_pointer(&image->part, g_free);
}

/* ---- options ---- */

/* The part of node-names that stands for @target.  Names of several disks that begin alike, or that
 * differ in what an id cannot have, must not become one: the plans of one operation are made
 * without each other. */
char *
qblk_new_image_id_part(const char *target)
{
    g_autofree char *id = qblk_plan_id_part(target);
    if (strlen(id) <= MAX_ID_PART && g_str_equal(id, target)) {
        return g_steal_pointer(&id);
    }
    return g_strdup_printf("%.*s-%04x", MAX_ID_PART - 5, id, g_str_hash(target) & 0xffff);
}

void
qblk_new_image_choose_names(QblkNewImage *image, const QblkSnapshot *snapshot, const char *target)
{
    g_autofree char *id = qblk_new_image_id_part(target);

    for (guint i = 1;; i++) {
        g_autofree char *node = g_strdup_printf("qblk-%s-%u", id, i);
        g_autofree char *storage = g_strconcat(node, "-file", NULL);
        g_autofree char *part = g_strconcat(node, "-part", NULL);

        if (qblk_snapshot_find_node(snapshot, node) == NULL &&
            qblk_snapshot_find_node(snapshot, storage) == NULL &&
            qblk_snapshot_find_node(snapshot, part) == NULL) {
            image->node = g_steal_pointer(&node);
            image->storage = g_steal_pointer(&storage);
            image->part = g_steal_pointer(&part);
            return;
        }
    }
}

const char *
qblk_new_image_get_zero_detection(const QblkNewImage *image)
{
    const char *mode = image->like == NULL ? NULL : image->like->detects_zeroes;
    return g_strcmp0(mode, "off") == 0 ? NULL : mode;
}

static QblkJson *
new_options(const char *driver)
{
    QblkJson *options = qblk_json_new_object();
    qblk_json_set_string(options, "driver", driver);
    return options;
}

/* Set the cache mode of the active layer, as the guest may rely on cache=none.  If that ignores
 * flushes (cache=unsafe, snapshot=on) the new image does not: it is one that stays. */
static void
set_cache(QblkJson *options, const QblkNewImage *image)
{
    if (image->like != NULL && image->like->is_direct) {
        QblkJson *cache = qblk_json_new_object();
        qblk_json_set_boolean(cache, "direct", TRUE);
        qblk_json_set(options, "cache", cache);
    }
}

static void
set_backing(QblkJson *options, const QblkNewImage *image)
{
    if (image->backing == QBLK_NEW_IMAGE_BACKING) {
        qblk_json_set_string(options, "backing", image->backing_node);
    } else if (image->backing == QBLK_NEW_IMAGE_NO_BACKING) {
        qblk_json_set(options, "backing", qblk_json_new_null());
    }
}

/* A LUKS image is its header and the encrypted data; in a qcow2 image the data are encrypted. */
static void
set_encryption(QblkJson *options, const QblkNewImage *image)
{
    if (image->encrypt_secret == NULL) {
        return;
    }
    if (g_str_equal(image->format, "luks")) {
        qblk_json_set_string(options, "key-secret", image->encrypt_secret);
        return;
    }

    QblkJson *encrypt = qblk_json_new_object();
    qblk_json_set_string(encrypt, "format", "luks");
    qblk_json_set_string(encrypt, "key-secret", image->encrypt_secret);
    qblk_json_set(options, "encrypt", encrypt);
}

/* ---- steps ---- */

/* Add a job that creates something, and is dismissed at once. */
static void
add_create_job(QblkPlan *plan, const char *purpose, QblkJson *options)
{
    g_autofree char *id = g_strconcat(plan->job, "-create", NULL);
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "job-id", id);
    qblk_json_set(arguments, "options", options);

    (void)qblk_plan_add_job(plan, purpose, "blockdev-create", arguments, id, "concluded");
    QblkStep *dismiss =
        qblk_plan_add_for_job(plan, "dismiss the job that created it", "job-dismiss", id, NULL);
    dismiss->may_fail = TRUE;
}

static void
add_create_file(QblkPlan *plan, const QblkNewImage *image)
{
    gboolean is_raw = g_str_equal(image->format, "raw");
    QblkJson *options = new_options("file");

    qblk_json_set_string(options, "filename", image->path);
    qblk_json_set_integer(options, "size", is_raw ? image->virtual_size : 0);
    add_create_job(plan, image->purposes->create_file, options);
}

static void
add_create_image(QblkPlan *plan, const QblkNewImage *image)
{
    QblkJson *options = new_options(image->format);

    qblk_json_set_string(options, "file", image->storage);
    qblk_json_set_integer(options, "size", image->virtual_size);
    if (image->cluster_size > 0) {
        qblk_json_set_integer(options, "cluster-size", image->cluster_size);
    }
    if (image->backing_name != NULL) {
        qblk_json_set_string(options, "backing-file", image->backing_name);
        qblk_json_set_string(options, "backing-fmt", image->backing_format);
    }
    set_encryption(options, image);
    add_create_job(plan, image->purposes->create_image, options);
}

static void
add_open_file(QblkPlan *plan, const QblkNewImage *image)
{
    gboolean is_path = image->protocol == NULL;
    QblkJson *options = is_path ? new_options(image->is_block ? "host_device" : "file")
                                : qblk_json_copy(image->protocol);

    if (is_path) {
        qblk_json_set_string(options, "filename", image->path);
    }
    if (qblk_json_get(options, "discard") == NULL) {
        qblk_json_set_string(options, "discard", "unmap");
    }
    if (qblk_json_get(options, "cache") == NULL) {
        set_cache(options, image);
    }
    qblk_plan_add_open(plan, image->purposes->open_file, image->storage, options);
}

/* A LUKS image has the size of its file, so a part of a larger one is its file. */
static void
add_open_part(QblkPlan *plan, const QblkNewImage *image)
{
    QblkJson *options = new_options("raw");

    qblk_json_set_string(options, "file", image->storage);
    qblk_json_set_integer(options, "offset", 0);
    qblk_json_set_integer(options, "size", image->storage_size);
    qblk_json_set_string(options, "discard", "unmap");
    set_cache(options, image);
    qblk_plan_add_open(plan, "open the part of it that is used", image->part, options);
}

static void
add_open_image(QblkPlan *plan, const QblkNewImage *image)
{
    const char *detect_zeroes = qblk_new_image_get_zero_detection(image);
    QblkJson *options = new_options(image->format);

    qblk_json_set_string(options, "file", image->storage_size > 0 ? image->part : image->storage);
    qblk_json_set_string(options, "discard", "unmap");
    if (detect_zeroes != NULL) {
        qblk_json_set_string(options, "detect-zeroes", detect_zeroes);
    }
    set_cache(options, image);
    if (image->part_size > 0) {
        qblk_json_set_integer(options, "offset", 0);
        qblk_json_set_integer(options, "size", image->part_size);
    }

    set_encryption(options, image);
    set_backing(options, image);
    qblk_plan_add_open(plan, image->purposes->open_image, image->node, options);
}

void
qblk_new_image_add(QblkPlan *plan, const QblkNewImage *image)
{
    if (image->is_created && !image->is_block) {
        add_create_file(plan, image);
    }
    add_open_file(plan, image);

    if (image->is_created && !g_str_equal(image->format, "raw")) {
        add_create_image(plan, image);
    }
    if (image->storage_size > 0) { /* a part has a size that cannot be set */
        add_open_part(plan, image);
    }
    add_open_image(plan, image);
}
