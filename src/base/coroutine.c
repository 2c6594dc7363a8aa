/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/coroutine.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

/* AddressSanitizer has to know the stack, or takes each frame on it for an overflow.  Valgrind
 * guesses from the stack pointer that the stack was changed, and could guess wrong. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define HAS_ADDRESS_SANITIZER 1
#endif
#ifdef HAS_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef QBLK_HAVE_VALGRIND
#include <valgrind/valgrind.h>
#endif

typedef enum { CREATED, RUNNING, YIELDED, DONE } State;

/* A stack as the sanitizer knows it. */
typedef struct {
    const void *bottom;
    gsize size;
    void *fake; /* of the sanitizer, while another stack is used */
} Stack;

struct QblkCoroutine {
    QblkCoroutineFunc func;
    gpointer user_data;
    State state;
    void *memory; /* owned: a guard page, and the stack above it */
    gsize length;
    ucontext_t context, caller; /* each is set while the other one runs */
    gboolean is_leaving;        /* the running one is about to be left */
    Stack own, callers;
    unsigned valgrind_id;
};

/* ---- the stacks, for tools ---- */

/* The stack @to is used from now on.  @from: (nullable): NULL: it is not used again. */
static void
begin_switch(Stack *from, const Stack *to)
{
#ifdef HAS_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(from == NULL ? NULL : &from->fake, to->bottom, to->size);
#endif
}

/* @to is used now; @from (nullable) becomes the stack that was used before. */
static void
end_switch(const Stack *to, Stack *from)
{
#ifdef HAS_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(to->fake, from == NULL ? NULL : &from->bottom,
                                    from == NULL ? NULL : &from->size);
#endif
}

static void
register_stack(QblkCoroutine *coroutine)
{
#ifdef QBLK_HAVE_VALGRIND
    const char *bottom = coroutine->own.bottom;
    coroutine->valgrind_id = VALGRIND_STACK_REGISTER(bottom, bottom + coroutine->own.size);
#endif
}

static void
deregister_stack(const QblkCoroutine *coroutine)
{
#ifdef QBLK_HAVE_VALGRIND
    VALGRIND_STACK_DEREGISTER(coroutine->valgrind_id);
#endif
}

/* ---- the coroutine ---- */

/* As swapcontext(), which AddressSanitizer takes for one without annotations, with a warning on
 * standard error.  The contents of registers are lost, so the flag is in memory. */
static void
switch_context(QblkCoroutine *coroutine, ucontext_t *from, const ucontext_t *to)
{
    coroutine->is_leaving = TRUE;
    (void)getcontext(from); /* returns a second time when @from is continued */
    if (coroutine->is_leaving) {
        coroutine->is_leaving = FALSE;
        (void)setcontext(to);
    }
}

/* makecontext() passes integers, which are too short for a pointer. */
typedef union {
    QblkCoroutine *coroutine;
    unsigned int parts[2];
} Argument;

static void
run(unsigned int first, unsigned int second)
{
    const Argument argument = {.parts = {first, second}};
    QblkCoroutine *coroutine = argument.coroutine;
    end_switch(&coroutine->own, &coroutine->callers);
    coroutine->func(coroutine, coroutine->user_data);

    coroutine->state = DONE;
    begin_switch(NULL, &coroutine->callers);
    (void)setcontext(&coroutine->caller);
    g_assert_not_reached();
}

QblkCoroutine *
qblk_coroutine_new(QblkCoroutineFunc func, gpointer user_data)
{
    gsize page = (gsize)sysconf(_SC_PAGESIZE);
    gsize length = page + QBLK_COROUTINE_STACK_BYTES;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }

    if (mprotect(memory, page, PROT_NONE) < 0) {
        int cause = errno;
        munmap(memory, length);
        errno = cause;
        return NULL;
    }

    QblkCoroutine *coroutine = g_new0(QblkCoroutine, 1);
    coroutine->func = func;
    coroutine->user_data = user_data;
    coroutine->memory = memory;
    coroutine->length = length;
    coroutine->own = (Stack){.bottom = memory + page, .size = QBLK_COROUTINE_STACK_BYTES};
    register_stack(coroutine);

    const Argument argument = {.coroutine = coroutine};
    (void)getcontext(&coroutine->context);
    coroutine->context.uc_stack.ss_sp = memory + page;
    coroutine->context.uc_stack.ss_size = QBLK_COROUTINE_STACK_BYTES;
    coroutine->context.uc_link = NULL;
    makecontext(&coroutine->context, (void (*)(void))run, 2, argument.parts[0], argument.parts[1]);
    return coroutine;
}

void
qblk_coroutine_free(QblkCoroutine *coroutine)
{
    if (coroutine == NULL) {
        return;
    }

    g_assert(coroutine->state == CREATED || coroutine->state == DONE);
    deregister_stack(coroutine);
    munmap(coroutine->memory, coroutine->length);
    g_free(coroutine);
}

gboolean
qblk_coroutine_resume(QblkCoroutine *coroutine)
{
    g_assert(coroutine->state == CREATED || coroutine->state == YIELDED);
    coroutine->state = RUNNING;

    /* A context has a signal mask, which may have changed here since the last switch. */
    (void)pthread_sigmask(SIG_SETMASK, NULL, &coroutine->context.uc_sigmask);
    begin_switch(&coroutine->callers, &coroutine->own);
    switch_context(coroutine, &coroutine->caller, &coroutine->context);
    end_switch(&coroutine->callers, NULL);
    return coroutine->state != DONE;
}

void
qblk_coroutine_yield(QblkCoroutine *coroutine)
{
    g_assert(coroutine->state == RUNNING);
    coroutine->state = YIELDED;
    begin_switch(&coroutine->own, &coroutine->callers);
    switch_context(coroutine, &coroutine->context, &coroutine->caller);
    end_switch(&coroutine->own, &coroutine->callers);
}

gboolean
qblk_coroutine_is_done(const QblkCoroutine *coroutine)
{
    return coroutine->state == DONE;
}
