/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch-screen.h"

#include "base/dlopen-note.h"
#include "cli/exit-code.h"

#ifdef QBLK_HAVE_CURSES

#define NCURSES_NOMACROS 1
#include <curses.h>
#include <dlfcn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

/* Another ABI would have another name. */
#define SONAME "libncursesw.so.6"

QBLK_DLOPEN_NOTE("watch", "The screen of qblk watch", SONAME);

typedef struct {
    __typeof__(cbreak) *cbreak;
    __typeof__(clearok) *clearok;
    __typeof__(curs_set) *curs_set;
    __typeof__(delscreen) *delscreen;
    __typeof__(delwin) *delwin;
    __typeof__(endwin) *endwin;
    __typeof__(init_pair) *init_pair;
    __typeof__(keypad) *keypad;
    __typeof__(newterm) *newterm;
    __typeof__(newwin) *newwin;
    __typeof__(nodelay) *nodelay;
    __typeof__(noecho) *noecho;
    __typeof__(resizeterm) *resizeterm;
    __typeof__(set_escdelay) *set_escdelay;
    __typeof__(setupterm) *setupterm;
    __typeof__(start_color) *start_color;
    __typeof__(use_default_colors) *use_default_colors;
    __typeof__(waddnstr) *waddnstr;
    __typeof__(wattr_set) *wattr_set;
    __typeof__(werase) *werase;
    __typeof__(wgetch) *wgetch;
    __typeof__(wmove) *wmove;
    __typeof__(wrefresh) *wrefresh;
    __typeof__(wresize) *wresize;
} Library;

struct QblkWatchScreen {
    Library library;
    SCREEN *terminal;
    WINDOW *window;
    gboolean has_color;
};

#define MEMBER(name)                                                                               \
    {                                                                                              \
#name, G_STRUCT_OFFSET(Library, name)                                                      \
    }

/* The library then stays in the process. */
static gboolean
load(Library *library)
{
    static const struct {
        const char *name;
        gsize member;
    } functions[] = {
        MEMBER(cbreak),
        MEMBER(clearok),
        MEMBER(curs_set),
        MEMBER(delscreen),
        MEMBER(delwin),
        MEMBER(endwin),
        MEMBER(init_pair),
        MEMBER(keypad),
        MEMBER(newterm),
        MEMBER(newwin),
        MEMBER(nodelay),
        MEMBER(noecho),
        MEMBER(resizeterm),
        MEMBER(set_escdelay),
        MEMBER(setupterm),
        MEMBER(start_color),
        MEMBER(use_default_colors),
        MEMBER(waddnstr),
        MEMBER(wattr_set),
        MEMBER(werase),
        MEMBER(wgetch),
        MEMBER(wmove),
        MEMBER(wrefresh),
        MEMBER(wresize),
    };
    gpointer handle = dlopen(SONAME, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    gboolean is_complete = handle != NULL;

    for (gsize i = 0; is_complete && i < G_N_ELEMENTS(functions); i++) {
        gpointer function = dlsym(handle, functions[i].name);
        is_complete = function != NULL;
        memcpy((char *)library + functions[i].member, &function, sizeof function);
    }
    if (handle != NULL) {
        dlclose(handle);
    }
    return is_complete;
}

gboolean
qblk_watch_screen_is_possible(void)
{
    Library library;
    int result = 0;
    return load(&library) && library.setupterm(NULL, STDOUT_FILENO, &result) == OK;
}

static void
set_colors(QblkWatchScreen *screen)
{
    screen->has_color =
        screen->library.start_color() == OK && screen->library.use_default_colors() == OK;
    if (screen->has_color) {
        screen->library.init_pair(QBLK_STYLE_WARNING, COLOR_YELLOW, -1);
        screen->library.init_pair(QBLK_STYLE_ERROR, COLOR_RED, -1);
    }
}

QblkWatchScreen *
qblk_watch_screen_new(gboolean has_color, GError **error)
{
    QblkWatchScreen *screen = g_new0(QblkWatchScreen, 1);
    const Library *library = &screen->library;
    screen->terminal = load(&screen->library) ? library->newterm(NULL, stdout, stdin) : NULL;
    if (screen->terminal == NULL) {
        g_free(screen);
        (void)qblk_usage_error(error, "this terminal cannot show a screen: use a pipe, as in "
                                      "'qblk watch VM | cat'");
        return NULL;
    }

    library->cbreak();
    library->noecho();
    library->set_escdelay(25);
    library->curs_set(0);
    if (has_color) {
        set_colors(screen);
    }
    screen->window = library->newwin(0, 0, 0, 0);
    library->keypad(screen->window, TRUE);
    library->nodelay(screen->window, TRUE);
    return screen;
}

void
qblk_watch_screen_free(QblkWatchScreen *screen)
{
    if (screen == NULL) {
        return;
    }
    screen->library.endwin();
    screen->library.delwin(screen->window);
    screen->library.delscreen(screen->terminal);
    g_free(screen);
}

void
qblk_watch_screen_size(const QblkWatchScreen *screen, guint *width, guint *height)
{
    struct winsize size;
    gboolean is_known =
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *width = is_known ? size.ws_col : 80;
    *height = is_known ? size.ws_row : 24;
}

static void
set_style(const QblkWatchScreen *screen, QblkStyle style, gboolean is_bar)
{
    static const attr_t attributes[] = {
        [QBLK_STYLE_PLAIN] = A_NORMAL,   [QBLK_STYLE_STRONG] = A_BOLD, [QBLK_STYLE_DIM] = A_NORMAL,
        [QBLK_STYLE_WARNING] = A_NORMAL, [QBLK_STYLE_ERROR] = A_BOLD,
    };
    gboolean is_colored = style == QBLK_STYLE_WARNING || style == QBLK_STYLE_ERROR;
    short pair = screen->has_color && is_colored ? (short)style : 0;
    screen->library.wattr_set(screen->window, attributes[style] | (is_bar ? A_REVERSE : 0), pair,
                              NULL);
}

void
qblk_watch_screen_draw(QblkWatchScreen *screen, const GPtrArray *rows, gboolean anew)
{
    const Library *library = &screen->library;
    if (anew) {
        guint width, height;
        qblk_watch_screen_size(screen, &width, &height);
        library->resizeterm((int)height, (int)width);
        library->wresize(screen->window, (int)height, (int)width);
        library->clearok(screen->window, TRUE);
    }

    library->werase(screen->window);
    for (guint i = 0; i < rows->len; i++) {
        const QblkWatchRow *row = rows->pdata[i];
        library->wmove(screen->window, (int)i, 0);
        for (guint j = 0; j < row->spans->len; j++) {
            const QblkWatchSpan *span = row->spans->pdata[j];
            set_style(screen, span->style, row->is_bar);
            library->waddnstr(screen->window, span->text, -1);
        }
    }
    library->wrefresh(screen->window);
}

QblkWatchKey
qblk_watch_screen_read_key(QblkWatchScreen *screen)
{
    static const struct {
        int code;
        QblkWatchKey key;
    } keys[] = {
        {'q', QBLK_WATCH_KEY_QUIT},
        {'Q', QBLK_WATCH_KEY_QUIT},
        {3, QBLK_WATCH_KEY_QUIT},
        {KEY_UP, QBLK_WATCH_KEY_UP},
        {'k', QBLK_WATCH_KEY_UP},
        {KEY_DOWN, QBLK_WATCH_KEY_DOWN},
        {'j', QBLK_WATCH_KEY_DOWN},
        {KEY_PPAGE, QBLK_WATCH_KEY_PAGE_UP},
        {KEY_NPAGE, QBLK_WATCH_KEY_PAGE_DOWN},
        {KEY_HOME, QBLK_WATCH_KEY_HOME},
        {KEY_END, QBLK_WATCH_KEY_END},
        {'\t', QBLK_WATCH_KEY_NEXT},
        {'n', QBLK_WATCH_KEY_NEXT},
        {'p', QBLK_WATCH_KEY_PREVIOUS},
        {KEY_BTAB, QBLK_WATCH_KEY_PREVIOUS},
        {'e', QBLK_WATCH_KEY_EVENTS},
        {' ', QBLK_WATCH_KEY_PAUSE},
        {'?', QBLK_WATCH_KEY_HELP},
        {'h', QBLK_WATCH_KEY_HELP},
        {KEY_F(1), QBLK_WATCH_KEY_HELP},
    };

    int code = screen->library.wgetch(screen->window);
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].code == code) {
            return keys[i].key;
        }
    }
    return code == ERR ? QBLK_WATCH_KEY_NONE : QBLK_WATCH_KEY_OTHER;
}

void
qblk_watch_screen_suspend(QblkWatchScreen *screen)
{
    screen->library.endwin();
}

#else

gboolean
qblk_watch_screen_is_possible(void)
{
    return FALSE;
}

QblkWatchScreen *
qblk_watch_screen_new(gboolean has_color, GError **error)
{
    (void)qblk_usage_error(error, "this qblk was built without ncurses");
    return NULL;
}

void
qblk_watch_screen_free(QblkWatchScreen *screen)
{
}

void
qblk_watch_screen_size(const QblkWatchScreen *screen, guint *width, guint *height)
{
    *width = 80;
    *height = 24;
}

void
qblk_watch_screen_draw(QblkWatchScreen *screen, const GPtrArray *rows, gboolean anew)
{
}

QblkWatchKey
qblk_watch_screen_read_key(QblkWatchScreen *screen)
{
    return QBLK_WATCH_KEY_NONE;
}

void
qblk_watch_screen_suspend(QblkWatchScreen *screen)
{
}

#endif
