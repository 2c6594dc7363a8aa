/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations: plans that are run, and interrupted operations that are recovered, without blocking.
 *
 * An operation has no thread and no loop.  A program waits for qblk_operation_get_events() on
 * qblk_operation_get_fd(), for qblk_operation_get_timeout() milliseconds at most, and calls
 * qblk_operation_process() until that returns FALSE.  A source for GLib's main loop does this, and
 * qblk_operation_run() does it with poll().
 *
 * The client stays the program's.  Between two calls the program can use it for commands of its
 * own.  Its events are not taken; a program that calls qblk_operation_process() and never takes
 * events loses the connection when too many are kept.  While qblk_operation_run() or qblk_run()
 * blocks, the oldest events that the operation has handled are dropped instead, once half of what
 * can be kept is.  If the connection is lost the operation connects the client again, once.
 *
 * An operation runs on a stack of its own of 1 MiB, and the client's logger is called on it.
 *
 * Before its first command an operation writes what it is about to do into a journal, in the state
 * directory of its plans.  If the program or QEMU ends in the middle, qblk_recover_vm() completes
 * the operation or rolls it back.
 *
 * An operation and its client belong to one thread at a time, which is the same for both.
 */
#pragma once

#include <qblk/client.h>
#include <qblk/operation-options.h>
#include <qblk/plans.h>

G_BEGIN_DECLS

/**
 * QblkOperation:
 *
 * Plans that are run, or interrupted operations that are recovered.
 *
 * It belongs to the thread of its client.
 *
 * Since: 0.1.0
 */
typedef struct QblkOperation QblkOperation;

/**
 * QblkPlanState:
 * @QBLK_PLAN_STATE_PLANNED: no command has taken effect
 * @QBLK_PLAN_STATE_STARTING: the job is prepared and started
 * @QBLK_PLAN_STATE_RUNNING: the job runs
 * @QBLK_PLAN_STATE_WAITING: the job is ready or pending, and waits for those of the other disks
 * @QBLK_PLAN_STATE_CHANGING: the chain is changed, and the plan can no longer be cancelled
 * @QBLK_PLAN_STATE_CLEANING: the job has succeeded, and what it has left over is removed
 * @QBLK_PLAN_STATE_ROLLING_BACK: what was done is undone
 * @QBLK_PLAN_STATE_COMPLETED: all is done
 * @QBLK_PLAN_STATE_ROLLED_BACK: all was undone
 * @QBLK_PLAN_STATE_DETACHED: the job continues, or waits, without the operation
 * @QBLK_PLAN_STATE_FAILED: the plan has ended, and not all was done or undone: see the error
 *
 * How far a plan is.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_PLAN_STATE_PLANNED,
    QBLK_PLAN_STATE_STARTING,
    QBLK_PLAN_STATE_RUNNING,
    QBLK_PLAN_STATE_WAITING,
    QBLK_PLAN_STATE_CHANGING,
    QBLK_PLAN_STATE_CLEANING,
    QBLK_PLAN_STATE_ROLLING_BACK,
    QBLK_PLAN_STATE_COMPLETED,
    QBLK_PLAN_STATE_ROLLED_BACK,
    QBLK_PLAN_STATE_DETACHED,
    QBLK_PLAN_STATE_FAILED,
} QblkPlanState;

/**
 * qblk_plan_state_name:
 * @state: a state
 *
 * Returns: its name, such as `rolling-back`
 *
 * Since: 0.1.0
 */
const char *qblk_plan_state_name(QblkPlanState state);

/* ---- starting and ending ---- */

/**
 * qblk_operation_start:
 * @client: connected to the VM of @plans; a reference is kept
 * @plans: the plans; those that are added later are not run
 * @options: (nullable): the options, which are copied; NULL: the defaults
 *
 * Start to run plans.  Nothing is sent before qblk_operation_process() is called.
 *
 * Several jobs wait for each other: all are ready, or pending, before the first one changes its
 * chain.  If one fails before that, all are rolled back.
 *
 * Returns: (transfer full): the operation; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if another
 *   operation of @client is not at its end, if a plan is only shown, if two plans are for one disk
 *   or one job, or if they have different state directories, and with QBLK_BLOCKJOB_ERROR_FAILED if
 *   there is not enough memory
 *
 * Since: 0.1.0
 */
QblkOperation *qblk_operation_start(QblkClient *client, QblkPlans *plans,
                                    QblkOperationOptions *options,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_operation_start_recovery:
 * @client: (nullable): connected to a VM; NULL: all VMs that have journals are connected to
 * @options: (nullable): what is recovered, which is copied; NULL: the defaults
 *
 * Start to do what qblk_recover_vm(), qblk_recover_all() or, if @options have a purpose,
 * qblk_recover_before() does.
 *
 * Returns: (transfer full): the operation; NULL with an error as qblk_operation_start()
 *
 * Since: 0.1.0
 */
QblkOperation *qblk_operation_start_recovery(QblkClient *client, QblkRecoverOptions *options,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_operation_ref:
 * @operation: the operation
 *
 * Returns: (transfer full): a further reference to @operation
 *
 * Since: 0.1.0
 */
QblkOperation *qblk_operation_ref(QblkOperation *operation);

/**
 * qblk_operation_unref:
 * @operation: (nullable) (transfer full): the operation
 *
 * Release a reference.  The last one of an operation that is not at its end stops it as it is:
 * nothing more is sent to QEMU, its jobs continue or wait, and the journal stays, for recovery.
 *
 * Since: 0.1.0
 */
void qblk_operation_unref(QblkOperation *operation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkOperation, qblk_operation_unref)

/**
 * qblk_operation_cancel:
 * @operation: the operation
 *
 * Cancel the jobs and roll back, unless the chain was changed already: then the operation is
 * completed.  A job that existed before continues.
 *
 * Right before it changes a chain, qblk_operation_process() returns although there is nothing to
 * wait for, so that a program that polls other descriptors can call this in time.
 *
 * Since: 0.1.0
 */
void qblk_operation_cancel(QblkOperation *operation);

/**
 * qblk_operation_detach:
 * @operation: the operation
 *
 * Stop waiting, and leave the jobs and the chains as they are.  The journal ends, because the
 * program decides what becomes of the jobs, unless a rollback had begun: see
 * qblk_operation_has_journal().
 *
 * Since: 0.1.0
 */
void qblk_operation_detach(QblkOperation *operation);

/* ---- driving it ---- */

/**
 * qblk_operation_get_fd:
 * @operation: the operation
 *
 * Returns: the descriptor to wait for, which may change with each call of
 *   qblk_operation_process(); -1 to wait for the time only
 *
 * Since: 0.1.0
 */
int qblk_operation_get_fd(const QblkOperation *operation);

/**
 * qblk_operation_get_events:
 * @operation: the operation
 *
 * Returns: the events to wait for, as in poll(2)
 *
 * Since: 0.1.0
 */
int qblk_operation_get_events(const QblkOperation *operation);

/**
 * qblk_operation_get_timeout:
 * @operation: the operation
 *
 * Returns: the longest time to wait, in milliseconds; 0 if qblk_operation_process() is to be called
 *   at once; -1 for no limit
 *
 * Since: 0.1.0
 */
int qblk_operation_get_timeout(const QblkOperation *operation);

/**
 * qblk_operation_process:
 * @operation: the operation
 * @revents: the events that poll(2) returned; 0 after a timeout
 *
 * Continue until the next wait.  Functions that were set are called in here, after the operation
 * has continued; they may cancel or release it, but not call this function or
 * qblk_operation_run().
 *
 * Host names are looked up, and files are written and synced, without a wait.
 *
 * Returns: TRUE while the operation is not at its end
 *
 * Since: 0.1.0
 */
gboolean qblk_operation_process(QblkOperation *operation, int revents);

/**
 * qblk_operation_run:
 * @operation: the operation
 *
 * Wait with poll(2) until the end of the operation.  Events that the program cannot take
 * meanwhile do not end the connection: see above.
 *
 * It must not be called in a function of the operation, where it does not wait.
 *
 * Returns: TRUE on success; FALSE with an error as qblk_operation_get_result():
 *   QBLK_BLOCKJOB_ERROR_RUNNING if it was called in a function of the operation
 *
 * Since: 0.1.0
 */
gboolean qblk_operation_run(QblkOperation *operation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * QblkOperationDone:
 * @operation: the operation, which is at its end
 * @user_data: passed to the function
 *
 * Called once, when an operation is at its end.
 *
 * Since: 0.1.0
 */
typedef void (*QblkOperationDone)(QblkOperation *operation, gpointer user_data);

/**
 * qblk_operation_source_new: (skip)
 * @operation: the operation, of which the source keeps a reference
 *
 * Make a source that drives @operation.  At the end it calls a QblkOperationDone, which is set with
 * g_source_set_callback (source, G_SOURCE_FUNC (function), user_data, NULL), and removes itself.
 *
 * Returns: (transfer full): the source
 *
 * Since: 0.1.0
 */
GSource *qblk_operation_source_new(QblkOperation *operation) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_operation_add_watch:
 * @operation: the operation, of which a reference is kept until its end
 * @func: (scope notified) (closure user_data) (destroy destroy): called at the end
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data
 *
 * Drive @operation in the thread's default main context.
 *
 * Returns: the id of the source, for g_source_remove()
 *
 * Since: 0.1.0
 */
guint qblk_operation_add_watch(QblkOperation *operation, QblkOperationDone func, gpointer user_data,
                               GDestroyNotify destroy);

/* ---- the outcome ---- */

/**
 * qblk_operation_is_done:
 * @operation: the operation
 *
 * Returns: TRUE if the operation is at its end
 *
 * Since: 0.1.0
 */
gboolean qblk_operation_is_done(const QblkOperation *operation);

/**
 * qblk_operation_get_result:
 * @operation: the operation
 *
 * Returns: TRUE if each job has ended without an error, and chains and headers are as planned;
 *   FALSE with one of these errors:
 *   QBLK_BLOCKJOB_ERROR_RUNNING if the operation is not at its end;
 *   QBLK_GRAPH_ERROR_STALE if a chain is not the one that its plan was made for, or other errors of
 *   QBLK_GRAPH_ERROR: nothing was changed;
 *   QBLK_BLOCKJOB_ERROR_REFUSED if an image is stale or cannot be marked, or if another disk has an
 *   image whose data would change, and
 *   QBLK_BLOCKJOB_ERROR_STATE if the journal cannot be written: nothing was changed;
 *   QBLK_BLOCKJOB_ERROR_FAILED with QEMU's reason, QBLK_BLOCKJOB_ERROR_CANCELLED;
 *   QBLK_BLOCKJOB_ERROR_DETACHED if a job was left;
 *   QBLK_BLOCKJOB_ERROR_RESULT if a chain is not as planned, or the outcome is not known;
 *   QBLK_QMP_ERROR if the connection is lost, or QEMU does not respond.
 *   Everything was rolled back, or the message names what is left.  A recovery fails with the error
 *   of qblk_recovery_propagate_error().
 *
 * Since: 0.1.0
 */
gboolean qblk_operation_get_result(const QblkOperation *operation,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_operation_has_journal:
 * @operation: the operation
 *
 * Returns: TRUE if the operation is at its end and has left a journal, so that it has to be
 *   recovered
 *
 * Since: 0.1.0
 */
gboolean qblk_operation_has_journal(const QblkOperation *operation);

/**
 * qblk_operation_get_plan:
 * @operation: the operation
 * @index: of the plan in those of the operation
 *
 * Returns: (transfer none) (nullable): the plan with what has become of it: that of a mend tells
 *   which nodes and jobs remain that it was to remove, because they came into use or QEMU refused
 *   (qblk_plan_get_mend_obstacle()).  Before the end of the operation it may be replaced.  NULL if
 *   there are not so many, and for a recovery
 *
 * Since: 0.1.0
 */
const QblkPlan *qblk_operation_get_plan(const QblkOperation *operation, guint index);

/**
 * qblk_operation_get_recovery:
 * @operation: the operation
 *
 * Returns: (transfer none) (nullable): the results of a recovery; NULL before its end, if it could
 *   not be begun, and for an operation that runs plans
 *
 * Since: 0.1.0
 */
QblkRecovery *qblk_operation_get_recovery(const QblkOperation *operation);

/**
 * qblk_operation_get_refusal:
 * @operation: the operation
 * @error_class: (out) (optional) (transfer none): of the error of QEMU, such as `GenericError`
 * @description: (out) (optional) (transfer none): of the error, without secrets
 *
 * Get the error with which QEMU refused the command because of which the operation has failed.
 *
 * Returns: FALSE if no command was refused; nothing is set then
 *
 * Since: 0.1.0
 */
gboolean qblk_operation_get_refusal(const QblkOperation *operation, const char **error_class,
                                    const char **description);

/* ---- what happens meanwhile ---- */

/**
 * QblkOperationProgress:
 * @operation: the operation
 * @target: the disk
 * @job_state: (nullable): the state of its job, in QEMU's words; NULL before it has started
 * @done: bytes that were copied; -1: not known
 * @total: bytes to be copied, which may grow while the guest writes; -1: not known
 * @user_data: passed to the function
 *
 * Called for each disk in the interval of qblk_operation_options_set_progress_interval().
 *
 * Since: 0.1.0
 */
typedef void (*QblkOperationProgress)(QblkOperation *operation, const char *target,
                                      const char *job_state, gint64 done, gint64 total,
                                      gpointer user_data);

/**
 * qblk_operation_set_progress:
 * @operation: the operation, which was not processed yet
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): receives the progress
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data with the operation
 *
 * Set the function that receives the progress.  Without one QEMU is not queried for it.
 *
 * Since: 0.1.0
 */
void qblk_operation_set_progress(QblkOperation *operation, QblkOperationProgress func,
                                 gpointer user_data, GDestroyNotify destroy);

/**
 * QblkOperationStateChanged:
 * @operation: the operation
 * @target: the disk
 * @state: the state of its plan
 * @user_data: passed to the function
 *
 * Called when a plan goes to another state.
 *
 * Since: 0.1.0
 */
typedef void (*QblkOperationStateChanged)(QblkOperation *operation, const char *target,
                                          QblkPlanState state, gpointer user_data);

/**
 * qblk_operation_set_state_changed:
 * @operation: the operation
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): receives the states
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data with the operation
 *
 * Set the function that receives the states of the plans.
 *
 * Since: 0.1.0
 */
void qblk_operation_set_state_changed(QblkOperation *operation, QblkOperationStateChanged func,
                                      gpointer user_data, GDestroyNotify destroy);

/**
 * QblkOperationWarning:
 * @operation: the operation
 * @message: a sentence for people
 * @user_data: passed to the function
 *
 * Called with what a person should know of, although the operation continues: a mark that was
 * removed because its image was replaced, a server that QEMU waits for, or an image below a new
 * overlay that QEMU keeps open for writing, for example.
 *
 * Since: 0.1.0
 */
typedef void (*QblkOperationWarning)(QblkOperation *operation, const char *message,
                                     gpointer user_data);

/**
 * qblk_operation_set_warning:
 * @operation: the operation
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): receives warnings
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data with the operation
 *
 * Set the function that receives warnings.
 *
 * Since: 0.1.0
 */
void qblk_operation_set_warning(QblkOperation *operation, QblkOperationWarning func,
                                gpointer user_data, GDestroyNotify destroy);

/* ---- all in one ---- */

/**
 * qblk_run:
 * @client: connected to the VM of @plan
 * @plan: a plan
 * @progress: (nullable) (scope call) (closure user_data): called with the progress
 * @user_data: passed to @progress
 *
 * Run one plan with all defaults, and wait with poll(2) until its end, as qblk_operation_run().
 *
 * Returns: TRUE on success; FALSE with an error as qblk_operation_start() and
 *   qblk_operation_get_result()
 *
 * Since: 0.1.0
 */
gboolean qblk_run(QblkClient *client, QblkPlan *plan, QblkOperationProgress progress,
                  gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
