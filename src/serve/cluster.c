/*
 * cluster.c - this process as one node of several: member, wire and schedule, put together.
 *
 *   own lane:  effect -> schedule (what falls due)  and  -> wire -> other nodes
 *   schedule:  due entry -> a job of the tree's lane -> done -> the schedule's lease ends
 *   wire:      text -> effect -> whoever waits in this process
 */
#include "serve/cluster.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "schedule/schedule.h"
#include "serve/cluster_hint.h"
#include "serve/member.h"
#include "store/nodes.h"
#include "wire/wire.h"

struct cluster {
    struct cluster_config config;
    struct arena *arena;
    const char *space; /* of keys and channels */
    struct member *member;
    struct wire *wire;
    struct schedule *schedule; /* null: the store's own due index */
    struct lanes *lanes;
    _Atomic int64_t due_waiting; /* jobs of due entries in the lanes' hands */
};

/* ---- due entries ---- */

struct due_job {
    struct lane_job job; /* first: the lane knows no more of it */
    struct cluster *cluster;
    struct schedule_entry entry;
};

static enum err due_run(struct lane_job *lane_job, struct engine *engine)
{
    const struct due_job *job = (struct due_job *)lane_job;
    const struct reservation due = {
        .root_id = job->entry.root_id,
        .execution_id = job->entry.execution_id,
        .reservation_id = job->entry.reservation_id,
        .epoch = job->entry.epoch,
        .due_at = job->entry.due_at,
    };

    return engine_due(engine, &due);
}

/* One that failed stays leased and comes again; one that names nothing is as good as done. */
static void due_done(struct lane_job *lane_job, enum err err)
{
    struct due_job *job = (struct due_job *)lane_job;
    struct cluster *cluster = job->cluster;

    if (!err)
        err = lane_job->run_err;
    if (!err || err == ERR_NOT_FOUND || err == ERR_EXECUTION_NOT_FOUND)
        schedule_done(cluster->schedule, &job->entry);
    atomic_fetch_sub(&cluster->due_waiting, 1);
    free(job);
}

static bool due_submit(struct cluster *cluster, const struct schedule_entry *entry)
{
    struct due_job *job = xalloc(sizeof(*job));

    *job = (struct due_job){
        .job = {.run = due_run, .done = due_done, .root_id = entry->root_id},
        .cluster = cluster,
        .entry = *entry,
    };
    atomic_fetch_add(&cluster->due_waiting, 1);
    if (!lanes_submit(cluster->lanes, &job->job))
        return true;
    atomic_fetch_sub(&cluster->due_waiting, 1);
    free(job);
    return false;
}

static bool cluster_on_due(void *user, const struct schedule_entry *entries, size_t count)
{
    struct cluster *cluster = user;

    if (atomic_load(&cluster->due_waiting) + (int64_t)count > LIMIT_DUE_WAITING)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!due_submit(cluster, &entries[i]))
            return false; /* the leases of the rest run out */
    }
    return true;
}

/* When the schedule brings more than can be done, looking for what it has missed would find what it
 * is about to bring. */
int64_t cluster_grace_ms(const struct cluster *cluster)
{
    if (!cluster->schedule || !schedule_is_up(cluster->schedule))
        return 0;
    return atomic_load(&cluster->due_waiting) < LIMIT_DUE_WAITING / 2 ? SCHEDULE_GRACE_MS
                                                                      : SCHEDULE_BUSY_GRACE_MS;
}

/* ---- hints ---- */

static void cluster_on_text(void *user, const char *text)
{
    struct cluster *cluster = user;
    struct arena *arena = arena_new();
    struct effect effect;

    if (cluster_hint_parse(arena, text, &effect))
        cluster->config.on_effect(cluster->config.user, &effect);
    arena_free(arena);
}

static void cluster_on_cut(void *user)
{
    struct cluster *cluster = user;

    cluster->config.on_cut(cluster->config.user);
}

static struct schedule_entry cluster_entry(const struct scheduled *s)
{
    return (struct schedule_entry){
        .root_id = s->root_id,
        .execution_id = s->execution_id,
        .reservation_id = s->reservation_id,
        .epoch = s->epoch,
        .due_at = s->due_at,
    };
}

static void cluster_tell_schedule(struct cluster *cluster, const struct effect *effect)
{
    struct schedule_entry entry = cluster_entry(&effect->scheduled);

    if (effect->kind == EFFECT_SCHEDULED && entry.reservation_id)
        schedule_add(cluster->schedule, &entry);
    else if (effect->kind == EFFECT_UNSCHEDULED)
        schedule_remove(cluster->schedule, &entry);
    else if (effect->kind == EFFECT_HALT_SCHEDULED)
        schedule_halted(cluster->schedule, effect->scheduled.root_id, effect->number);
}

void cluster_on_effect(struct cluster *cluster, const struct effect *effect)
{
    struct arena *arena;
    const char *text;

    if (!cluster)
        return;
    if (cluster->schedule)
        cluster_tell_schedule(cluster, effect);
    arena = arena_new();
    text = cluster_hint_text(arena, effect);
    if (text && strlen(text) < WIRE_TEXT_BYTES)
        wire_send(cluster->wire, text);
    arena_free(arena);
}

/* ---- opening and closing ---- */

static void cluster_on_lost(void *user)
{
    (void)user;
    log_error("cluster.lost", "another process has taken this node's number; stopping");
    kill(getpid(), SIGTERM);
}

/* The schema must be there before a number can be taken, and the keys of the schedule and of the
 * wire must not meet those of another store. */
static enum err cluster_prepare(struct cluster *cluster)
{
    struct store store = {0};
    int64_t now_ms;
    enum err err = sql_open(cluster->config.store, false, &store.sql);

    if (err)
        return err;
    /* Our own clock is not asked before it follows the database's: it never goes back. */
    err = nodes_clock(&store, &now_ms);
    if (!err)
        err = store_migrate(store.sql, now_ms);
    if (!err)
        err = store_space(store.sql, cluster->arena, &cluster->space);
    sql_close(store.sql);
    return err;
}

enum err cluster_open(const struct cluster_config *config, struct cluster **ret)
{
    struct cluster *cluster = xalloc(sizeof(*cluster));
    struct member_config member = {
        .store = config->store,
        .url = config->url,
        .holder = config->holder,
        .clock = config->clock,
        .on_lost = cluster_on_lost,
    };
    enum err err;

    cluster->config = *config;
    cluster->arena = arena_new();
    err = cluster_prepare(cluster);
    if (!err)
        err = member_open(&member, &cluster->member);
    if (err) {
        cluster_free(cluster);
        return err;
    }
    *ret = cluster;
    return ERR_OK;
}

void cluster_configure(struct cluster *cluster, struct lane_config *config)
{
    config->node = member_node(cluster->member);
    config->holder = member_holder(cluster->member);
}

const char *cluster_caller(const struct cluster *cluster)
{
    return arena_printf(cluster->arena, "fermata-%lld", (long long)member_node(cluster->member));
}

int64_t cluster_node(const struct cluster *cluster)
{
    return member_node(cluster->member);
}

static enum err cluster_open_schedule(struct cluster *cluster)
{
    struct schedule_config config = {
        .url = cluster->config.schedule,
        .space = cluster->space,
        .store = cluster->config.store,
        .clock = cluster->config.clock,
        .on_due = cluster_on_due,
        .user = cluster,
    };

    return config.url ? schedule_open(&config, &cluster->schedule) : ERR_OK;
}

enum err cluster_run(struct cluster *cluster, struct lanes *lanes)
{
    struct wire_config wire = {
        .url = cluster->config.schedule,
        .store = cluster->config.store,
        .space = cluster->space,
        .node = member_node(cluster->member),
        .on_text = cluster_on_text,
        .on_cut = cluster_on_cut,
        .user = cluster,
    };
    enum err err = wire_open(&wire, &cluster->wire);

    cluster->lanes = lanes;
    return err ? err : cluster_open_schedule(cluster);
}

void cluster_close(struct cluster *cluster)
{
    if (!cluster)
        return;
    if (cluster->schedule)
        schedule_close(cluster->schedule);
}

void cluster_free(struct cluster *cluster)
{
    if (!cluster)
        return;
    schedule_free(cluster->schedule);
    wire_close(cluster->wire);
    member_close(cluster->member);
    arena_free(cluster->arena);
    free(cluster);
}
