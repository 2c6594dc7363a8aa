/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/chain-format.h"

#include "base/const-cast.h"

#include <qblk/error.h>

void
qblk_chain_formats_init(QblkChainFormats *formats, const QblkImageOptions *options)
{
    formats->options = options;
    formats->unused = g_ptr_array_new();
    for (guint i = 0; i < options->backing_formats->len; i++) {
        g_ptr_array_add(formats->unused, options->backing_formats->pdata[i]);
    }
}

void
qblk_chain_formats_clear(QblkChainFormats *formats)
{
    g_clear_pointer(&formats->unused, g_ptr_array_unref);
}

/* ---- what the header records ---- */

/* The header has been right once: an image of another format is not the one that it named. */
static gboolean
check_given(const QblkChainFormatRequest *request, const QblkBackingFormat *found, GError **error)
{
    gboolean is_other = found->is_wrong || found->undecided != NULL;
    if (!request->is_given || request->recorded == NULL || !is_other) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                "'%s' looks like %s, but the header of '%s' records the format %s of its backing "
                "file: name another file, or specify the format with --backing-format",
                request->file->path, found->undecided != NULL ? found->undecided : found->format,
                request->overlay, request->recorded);
    return FALSE;
}

/* A header that records raw is believed: only a change of the chain is refused. */
static gboolean
check_record(const QblkChainFormats *formats, const QblkChainFormatRequest *request,
             const QblkBackingFormat *found, GError **error)
{
    gboolean is_believed = found->undecided == NULL || request->recorded != NULL;
    if ((is_believed && !found->is_wrong) || formats->options->takes_wrong_formats) {
        return TRUE;
    }
    if (found->undecided == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "the header of '%s' records the format %s of its backing file '%s', which is "
                    "%s: use 'qblk mend image:%s'",
                    request->overlay, request->recorded, request->file->path, found->format,
                    request->top);
        return FALSE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                "'%s' looks like %s, but a guest can write that into a raw image, and the header "
                "of '%s' does not record that format: use 'qblk mend image:%s --backing-format "
                "%s', or the same with raw",
                request->file->path, found->undecided, request->overlay, request->top,
                found->undecided);
    return FALSE;
}

/* ---- what the user specifies ---- */

/* One that is specified without a layer is for the only file that needs it. */
static gboolean
check_only_one(QblkChainFormats *formats, const QblkChainFormatRequest *request, GError **error)
{
    if (formats->any_used != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "the backing files of '%s' and '%s' need a format: use --backing-format "
                    "LAYER=FORMAT, such as 'vda[%u]=FORMAT'",
                    formats->any_used, request->overlay, request->position);
        return FALSE;
    }
    formats->any_used = request->overlay;
    return TRUE;
}

/* TRUE if @given decides or changes the format.  One without a layer is for what is undecided, and
 * only confirms what a file proves.  No file proves that it is raw. */
static gboolean
is_needed(QblkChainFormats *formats, const QblkImageBacking *given, const QblkBackingFormat *found)
{
    gboolean is_same = g_str_equal(found->format, given->value);
    gboolean is_any = given->position == QBLK_IMAGE_ANY_POSITION;
    gboolean is_confirmed = found->is_wrong && is_same;
    gboolean decides = found->undecided != NULL || (!is_any && !is_same) ||
                       (is_confirmed && g_str_equal(found->format, "raw"));

    if (decides || is_confirmed) {
        (void)g_ptr_array_remove(formats->unused, qblk_const_cast(given));
    }
    return decides;
}

static gboolean
use_specified(QblkChainFormats *formats, const QblkChainFormatRequest *request,
              QblkBackingFormat *found, GError **error)
{
    const QblkImageBacking *given =
        qblk_image_options_find_backing_format(formats->options, request->position);
    if (given == NULL || !is_needed(formats, given, found)) {
        return TRUE;
    }
    if (given->position == QBLK_IMAGE_ANY_POSITION && !check_only_one(formats, request, error)) {
        return FALSE;
    }
    return qblk_image_format_of_backing(request->file, request->recorded, given->value, found,
                                        error);
}

/* ---- both ---- */

gboolean
qblk_chain_formats_find(QblkChainFormats *formats, const QblkChainFormatRequest *request,
                        QblkBackingFormat *found, GError **error)
{
    if (!qblk_image_format_of_backing(request->file, request->recorded, NULL, found, error) ||
        !use_specified(formats, request, found, error)) {
        return FALSE;
    }
    return found->is_specified ||
           (check_given(request, found, error) && check_record(formats, request, found, error));
}

gboolean
qblk_chain_formats_check_unused(const QblkChainFormats *formats, GError **error)
{
    if (formats->unused->len == 0) {
        return TRUE;
    }
    const QblkImageBacking *first = formats->unused->pdata[0];
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                "--backing-format %s is not used: no format of a backing file is wrong or "
                "undecided: leave it out",
                first->value);
    return FALSE;
}
