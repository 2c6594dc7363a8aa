/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Writing XML from its first tag to its last, without a tree: the only place that escapes.
 *
 * Quotes are single ones, as libvirt's are.  What is written is indented by two spaces a level, and
 * each tag ends its line.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

/**
 * Levels that are indented.  Deeper ones have the indentation of this one: a chain nests an element
 * for each layer, and the text of N layers would have N * N spaces.
 */
#define QBLK_WRITER_INDENTED_LEVELS 64

typedef struct {
    GString *text;      /* owned */
    GPtrArray *names;   /* of the open elements, borrowed, the outermost first */
    gboolean is_in_tag; /* the start tag of the innermost one has no end yet */
    guint line_level;   /* the level whose content stays on its line; 0: none */
} QblkWriter;

void qblk_writer_init(QblkWriter *writer);
void qblk_writer_clear(QblkWriter *writer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkWriter, qblk_writer_clear)

/** Returns: (transfer full): what was written.  All elements are closed. */
char *qblk_writer_finish(QblkWriter *writer) G_GNUC_WARN_UNUSED_RESULT;

/** Begin the element @name, which has to be valid until it is closed. */
void qblk_writer_open(QblkWriter *writer, const char *name);

/** End the element that was begun last and is open. */
void qblk_writer_close(QblkWriter *writer);

/** An element without content, and with the attribute @attribute unless it is NULL. */
void qblk_writer_empty(QblkWriter *writer, const char *name, const char *attribute,
                       const char *value);

/**
 * Add the attribute @name to the element that was just begun, unless @value is NULL.
 *
 * Returns: FALSE with QBLK_XML_ERROR_NAME, which names the character and the value, if @value is
 * not UTF-8 or has a character that XML 1.0 does not allow; then nothing is added
 */
gboolean qblk_writer_attribute(QblkWriter *writer, const char *name, const char *value,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the attribute @name to the element that was just begun, with a value known to be valid. */
void qblk_writer_constant(QblkWriter *writer, const char *name, const char *value);

/** Add the attribute @name to the element that was just begun. */
void qblk_writer_number(QblkWriter *writer, const char *name, gint64 value);

/**
 * Keep the content of the element that was just begun on its line, because white space would change
 * its text.
 */
void qblk_writer_keep_line(QblkWriter *writer);

/** TRUE within an element whose content stays on its line.  Elsewhere white space is layout. */
gboolean qblk_writer_keeps_line(const QblkWriter *writer);

/**
 * Add text to the open element.  As in values, characters that a terminal would interpret or not
 * show are written as character references.
 */
void qblk_writer_text(QblkWriter *writer, const char *text);

/**
 * Add a comment or, if @name is not NULL, the processing instruction @name.  Neither can contain
 * character references.  They are written all the same in place of characters that a terminal would
 * interpret: the text is for people.
 */
void qblk_writer_note(QblkWriter *writer, const char *name, const char *text);
