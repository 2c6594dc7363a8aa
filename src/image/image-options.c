/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-options.h"

#include "base/limits.h"
#include "base/secret-file.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void
secret_free(gpointer data)
{
    QblkImageSecret *secret = data;

    g_free(secret->id);
    g_free(secret->object);
    g_free(secret->path);
    g_free(secret);
}

static void
backing_free(gpointer data)
{
    QblkImageBacking *backing = data;

    g_free(backing->value);
    g_free(backing);
}

QblkImageOptions *
qblk_image_options_new(void)
{
    QblkImageOptions *options = g_new0(QblkImageOptions, 1);

    g_atomic_ref_count_init(&options->references);
    options->secrets = g_ptr_array_new_with_free_func(secret_free);
    options->backings = g_ptr_array_new_with_free_func(backing_free);
    options->backing_formats = g_ptr_array_new_with_free_func(backing_free);
    options->timeout_ms = QBLK_DEFAULT_TIMEOUT_MS;
    return options;
}

QblkImageOptions *
qblk_image_options_ref(QblkImageOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_image_options_unref(QblkImageOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    g_ptr_array_unref(options->secrets);
    g_ptr_array_unref(options->backings);
    g_ptr_array_unref(options->backing_formats);
    g_free(options->format);
    g_free(options);
}

void
qblk_image_options_set_format(QblkImageOptions *options, const char *format)
{
    g_free(options->format);
    options->format = g_strdup(format);
}

void
qblk_image_options_set_writable(QblkImageOptions *options, gboolean is_writable)
{
    options->is_writable = is_writable;
}

void
qblk_image_options_set_wrong_formats(QblkImageOptions *options, gboolean are_accepted)
{
    options->takes_wrong_formats = are_accepted;
}

void
qblk_image_options_set_timeout(QblkImageOptions *options, int timeout_ms)
{
    options->timeout_ms = timeout_ms > 0 ? timeout_ms : QBLK_DEFAULT_TIMEOUT_MS;
}

/* ---- secrets ---- */

/* TRUE if QEMU accepts @id as that of an object. */
static gboolean
is_object_id(const char *id)
{
    static const char allowed[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._";

    return g_ascii_isalpha(id[0]) && strspn(id, allowed) == strlen(id);
}

static gboolean
has_secret(const QblkImageOptions *options, const char *id)
{
    for (guint i = 0; i < options->secrets->len; i++) {
        const QblkImageSecret *secret = options->secrets->pdata[i];
        if (g_str_equal(secret->id, id)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_image_options_add_secret(QblkImageOptions *options, const char *assignment, GError **error)
{
    /* The text is not printed: it may be the secret itself. */
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment || equals[1] == '\0') {
        g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                            "invalid secret: use ID=FILE, with the path of a file that contains "
                            "the secret");
        return FALSE;
    }

    g_autofree char *id = g_strndup(assignment, (gsize)(equals - assignment));
    g_autofree char *path = g_canonicalize_filename(equals + 1, NULL);
    if (has_secret(options, id)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "invalid secret '%s': two secrets have this id", id);
        return FALSE;
    }
    if (qblk_text_is_url(equals + 1)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "invalid secret '%s': '%s' is a URL: use ID=FILE with the path of a file", id,
                    equals + 1);
        return FALSE;
    }
    if (!qblk_secret_file_check_type(id, path, error)) {
        return FALSE;
    }
    if (access(path, R_OK) != 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "cannot read the secret '%s' from '%s': %s", id, path, g_strerror(errno));
        return FALSE;
    }

    QblkImageSecret *secret = g_new0(QblkImageSecret, 1);
    secret->object = is_object_id(id)
                         ? g_strdup(id)
                         : g_strdup_printf("qblk-secret-%u", options->secrets->len + 1);
    secret->id = g_steal_pointer(&id);
    secret->path = g_steal_pointer(&path);
    g_ptr_array_add(options->secrets, secret);
    return TRUE;
}

const QblkImageSecret *
qblk_image_options_find_secret(const QblkImageOptions *options, const char *path, GError **error)
{
    g_autofree char *name = g_path_get_basename(path);
    const GPtrArray *secrets = options->secrets;

    if (secrets->len == 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "image '%s' is encrypted: specify its key with --secret ID=FILE", path);
        return NULL;
    }
    for (guint i = 0; i < secrets->len; i++) {
        const QblkImageSecret *secret = secrets->pdata[i];
        if (secrets->len == 1 || g_str_equal(secret->id, path) || g_str_equal(secret->id, name)) {
            return secret;
        }
    }

    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "image '%s' is encrypted, and no secret is for it: specify its key with --secret "
                "%s=FILE",
                path, name);
    return NULL;
}

/* ---- backing files ---- */

void
qblk_image_backing_parse(const char *text, char **layer, char **path)
{
    const char *equals = strchr(text, '=');
    const char *slash = strchr(text, '/');
    gboolean has_layer = equals != NULL && (slash == NULL || equals < slash);

    *layer = has_layer ? g_strndup(text, (gsize)(equals - text)) : NULL;
    *path = g_canonicalize_filename(has_layer ? equals + 1 : text, NULL);
}

/* Read "vda" or "vda[N]": the disk of an image has one name. */
static gboolean
read_position(const char *layer, gint64 *position)
{
    gint64 number = 0;
    if (g_str_has_prefix(layer, "vda[") && g_str_has_suffix(layer, "]")) {
        g_autofree char *digits = g_strndup(layer + 4, strlen(layer) - 5);
        if (!g_ascii_string_to_signed(digits, 10, 0, QBLK_LIMIT_LAYERS, &number, NULL)) {
            return FALSE;
        }
    } else if (!g_str_equal(layer, "vda")) {
        return FALSE;
    }
    *position = number;
    return TRUE;
}

/* Takes @value over. */
static gboolean
add_below(GPtrArray *list, const char *layer, char *value, GError **error)
{
    gint64 position = QBLK_IMAGE_ANY_POSITION;

    if (layer != NULL && !read_position(layer, &position)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "invalid layer '%s' of an image: use 'vda[N]', or a path with a slash", layer);
        g_free(value);
        return FALSE;
    }

    QblkImageBacking *backing = g_new(QblkImageBacking, 1);
    *backing = (QblkImageBacking){position, value};
    g_ptr_array_add(list, backing);
    return TRUE;
}

gboolean
qblk_image_options_add_backing(QblkImageOptions *options, const char *assignment, GError **error)
{
    g_autofree char *layer = NULL;
    char *path = NULL;

    qblk_image_backing_parse(assignment, &layer, &path);
    return add_below(options->backings, layer, path, error);
}

gboolean
qblk_image_options_add_backing_format(QblkImageOptions *options, const char *assignment,
                                      GError **error)
{
    const char *equals = strchr(assignment, '=');
    g_autofree char *layer =
        equals == NULL ? NULL : g_strndup(assignment, (gsize)(equals - assignment));

    return add_below(options->backing_formats, layer,
                     g_strdup(equals == NULL ? assignment : equals + 1), error);
}

static const QblkImageBacking *
find_position(const GPtrArray *list, gint64 position)
{
    for (guint i = 0; i < list->len; i++) {
        const QblkImageBacking *backing = list->pdata[i];
        if (backing->position == position) {
            return backing;
        }
    }
    return NULL;
}

static const QblkImageBacking *
find_below(const GPtrArray *list, guint position)
{
    const QblkImageBacking *backing = find_position(list, (gint64)position);
    return backing != NULL ? backing : find_position(list, QBLK_IMAGE_ANY_POSITION);
}

const QblkImageBacking *
qblk_image_options_find_backing(const QblkImageOptions *options, guint position)
{
    return find_below(options->backings, position);
}

const QblkImageBacking *
qblk_image_options_find_backing_format(const QblkImageOptions *options, guint position)
{
    return find_below(options->backing_formats, position);
}
