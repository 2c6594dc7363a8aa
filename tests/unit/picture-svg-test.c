/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-svg.h"

#include "cli/print/picture-graph.h"
#include "cli/print/picture-layout.h"
#include "cli/print/picture-png.h"
#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/graph-fixture.h"
#include "lib/xml-check.h"

#include <qblk/error.h>

static QblkPicture *
picture_of(const char *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_load(fixture);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    QblkPicture *picture = qblk_picture_of_graph(snapshot, NULL, "vm", &error);
    assert_no_error(error);
    qblk_picture_lay_out(picture);
    return picture;
}

static char *
draw(const char *fixture, QblkPictureTheme theme)
{
    g_autoptr(QblkPicture) picture = picture_of(fixture);
    GString *out = g_string_new(NULL);
    qblk_picture_svg(picture, theme, out);
    return g_string_free(out, FALSE);
}

static void
names_are_escaped(void **state)
{
    g_autofree char *svg = draw("odd-names", QBLK_PICTURE_THEME_AUTO);
    assert_non_null(strstr(svg, ">&amp;&lt;&gt;&quot;'.qcow2</text>"));
    assert_non_null(strstr(svg, ">line\\nbreak\\ttab.qcow2</text>"));
    assert_non_null(strstr(svg, ">control-\\x01-\\x7f.qcow2</text>"));
    assert_non_null(strstr(svg, "日本語"));
}

static void
a_file_name_is_shown_once(void **state)
{
    g_autofree char *svg = draw("virtio-5-deep", QBLK_PICTURE_THEME_AUTO);
    assert_int_equal(xml_check_count(svg, ">disk-3.qcow2</text>"), 1);
    assert_int_equal(xml_check_count(svg, "disk-3.qcow2"), 2); /* and in the tooltip */
}

static void
colors_follow_the_theme(void **state)
{
    g_autofree char *both = draw("shared-base", QBLK_PICTURE_THEME_AUTO);
    g_autofree char *light = draw("shared-base", QBLK_PICTURE_THEME_LIGHT);
    g_autofree char *dark = draw("shared-base", QBLK_PICTURE_THEME_DARK);
    QblkPictureTheme theme;

    assert_int_equal(xml_check_count(both, "@media (prefers-color-scheme: dark)"), 1);
    assert_non_null(strstr(both, ".paper{fill:#ffffff}"));
    assert_non_null(strstr(both, ".paper{fill:#0d1117}"));
    assert_null(strstr(light, "#0d1117"));
    assert_null(strstr(light, "@media"));
    assert_null(strstr(dark, ".paper{fill:#ffffff}"));
    assert_null(strstr(dark, "@media"));
    assert_true(qblk_picture_theme_parse("dark", &theme));
    assert_int_equal(theme, QBLK_PICTURE_THEME_DARK);
    assert_false(qblk_picture_theme_parse("grey", &theme));
}

/* The only URL is the name of the namespace. */
static void
a_picture_needs_nothing_else(void **state)
{
    g_autofree char *svg = draw("commit-ready", QBLK_PICTURE_THEME_AUTO);
    assert_int_equal(xml_check_count(svg, "://"), 1);
    assert_null(strstr(svg, "<script"));
    assert_null(strstr(svg, "href"));
    assert_null(strstr(svg, "url("));
}

static void
the_bar_of_a_job_is_as_long_as_its_progress(void **state)
{
    g_autofree char *svg = draw("mirror-running", QBLK_PICTURE_THEME_AUTO);
    assert_non_null(strstr(svg, "<rect class=\"track\" x=\"48\" y=\"210\" width=\"236\""));
    assert_non_null(strstr(svg, "<rect class=\"bar\" x=\"48\" y=\"210\" width=\"59\""));
}

static int
convert(gconstpointer data)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_setenv("PATH", "/nonexistent", TRUE);
    gboolean drawn = qblk_picture_png(data, QBLK_PICTURE_THEME_AUTO, out, &error);
    g_print("%s", drawn ? "drawn" : error->message);
    return out->len > 0;
}

static void
without_the_converter_the_error_names_its_package(void **state)
{
    g_autoptr(QblkPicture) picture = picture_of("shared-base");
    g_auto(CliCheckResult) result = cli_check_fork(convert, picture);
    assert_int_equal(result.status, 0);
    assert_true(g_str_has_prefix(result.out, "cannot draw the picture as PNG: "));
    assert_true(g_str_has_suffix(result.out, " install the package librsvg2-bin, or use "
                                             "--format svg"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_escaped),
        cmocka_unit_test(a_file_name_is_shown_once),
        cmocka_unit_test(colors_follow_the_theme),
        cmocka_unit_test(a_picture_needs_nothing_else),
        cmocka_unit_test(the_bar_of_a_job_is_as_long_as_its_progress),
        cmocka_unit_test(without_the_converter_the_error_names_its_package),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
