/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All unit tests are one program, which is linked once: `unit-tests MODULE...` runs the tests of
 * these modules, each a file MODULE-test.c; without arguments it lists the modules. */
#include "lib/check.h"

#include <stdio.h>

/* The bounds of the section are made by the linker. */
extern const UnitModule *const __start_unit_modules[];
extern const UnitModule *const __stop_unit_modules[];

static char *
module_name(const UnitModule *module)
{
    char *name = g_path_get_basename(module->file);
    g_assert(g_str_has_suffix(name, "-test.c"));
    name[strlen(name) - strlen("-test.c")] = '\0';
    return name;
}

/* The module @name, or NULL. */
static const UnitModule *
find_module(const char *name)
{
    for (const UnitModule *const *i = __start_unit_modules; i < __stop_unit_modules; i++) {
        g_autofree char *found = module_name(*i);
        if (g_str_equal(found, name)) {
            return *i;
        }
    }
    return NULL;
}

static void
list_modules(void)
{
    for (const UnitModule *const *i = __start_unit_modules; i < __stop_unit_modules; i++) {
        g_autofree char *name = module_name(*i);
        puts(name);
    }
}

int
main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        const UnitModule *module = find_module(argv[i]);
        if (module == NULL) {
            fprintf(stderr, "unit-tests: no module '%s'\n", argv[i]);
            return 2;
        }
        failed += module->run();
    }

    if (argc == 1) {
        list_modules();
    }
    return failed > 0;
}
