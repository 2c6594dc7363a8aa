/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-style.h"

typedef struct {
    const char *selector;
    const char *property;
    const char *light, *dark;
} Color;

/* Text has a contrast of at least 4.5 : 1 to what is behind it, lines of 3 : 1. */
static const Color colors[] = {
    {".paper", "fill", "#ffffff", "#0d1117"},
    {"text", "fill", "#1f2328", "#e6edf3"},
    {".muted", "fill", "#59636e", "#9198a1"},
    {".job", "fill", "#116329", "#56d364"},
    {".warning", "fill", "#a40e26", "#ff7b72"},
    {".right", "fill", "#59636e", "#9198a1"},
    {".box", "fill", "#f6f8fa", "#161b22"},
    {".box", "stroke", "#818b98", "#656c76"},
    {".device", "fill", "#0550ae", "#1158c7"},
    {".device", "stroke", "#0550ae", "#1158c7"},
    {".on-device", "fill", "#ffffff", "#ffffff"},
    {".filter", "fill", "#fff8c5", "#2e2a13"},
    {".filter", "stroke", "#9a6700", "#bb8009"},
    {".active", "fill", "#ddf4ff", "#121d2f"},
    {".active", "stroke", "#0969da", "#4493f8"},
    {".shared", "stroke", "#8250df", "#ab7df8"},
    {".stripe", "fill", "#0969da", "#4493f8"},
    {".stripe-shared", "fill", "#8250df", "#ab7df8"},
    {".track", "fill", "#d1d9e0", "#3d444d"},
    {".bar", "fill", "#1a7f37", "#3fb950"},
    {".line", "stroke", "#59636e", "#9198a1"},
    {".arrow", "fill", "#59636e", "#9198a1"},
    {".line-child", "stroke", "#9a6700", "#bb8009"},
    {".arrow-child", "fill", "#9a6700", "#bb8009"},
    {".line-copy", "stroke", "#1a7f37", "#3fb950"},
    {".arrow-copy", "fill", "#1a7f37", "#3fb950"},
};

gboolean
qblk_picture_theme_parse(const char *name, QblkPictureTheme *theme)
{
    static const char *const names[] = {
        [QBLK_PICTURE_THEME_AUTO] = "auto",
        [QBLK_PICTURE_THEME_LIGHT] = "light",
        [QBLK_PICTURE_THEME_DARK] = "dark",
    };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i], name)) {
            *theme = (QblkPictureTheme)i;
            return TRUE;
        }
    }
    return FALSE;
}

static void
print_colors(gboolean is_dark, GString *out)
{
    for (gsize i = 0; i < G_N_ELEMENTS(colors); i++) {
        g_string_append_printf(out, ".qblk %s{%s:%s}\n", colors[i].selector, colors[i].property,
                               is_dark ? colors[i].dark : colors[i].light);
    }
}

void
qblk_picture_style_print(QblkPictureTheme theme, GString *out)
{
    g_string_append_printf(out,
                           "<style>\n"
                           ".qblk text{font-family:\"Liberation Sans\",Arial,Helvetica,\"DejaVu "
                           "Sans\",sans-serif;font-size:%dpx}\n"
                           ".qblk .title{font-size:%dpx;font-weight:bold}\n"
                           ".qblk .head{font-size:%dpx;font-weight:bold}\n"
                           ".qblk .right{text-anchor:end}\n"
                           ".qblk .box{stroke-width:1}\n"
                           ".qblk .active,.qblk .shared{stroke-width:2}\n"
                           ".qblk .line{fill:none;stroke-width:1.5}\n"
                           ".qblk .line-copy{stroke-dasharray:5 3}\n",
                           QBLK_PICTURE_FONT_TEXT, QBLK_PICTURE_FONT_TITLE, QBLK_PICTURE_FONT_HEAD);
    print_colors(theme == QBLK_PICTURE_THEME_DARK, out);
    if (theme == QBLK_PICTURE_THEME_AUTO) {
        g_string_append(out, "@media (prefers-color-scheme: dark){\n");
        print_colors(TRUE, out);
        g_string_append(out, "}\n");
    }
    g_string_append(out, "</style>\n");
}
