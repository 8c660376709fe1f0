/*
 * schedule_redis.c - the schedule's commands to Redis.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "schedule/schedule_priv.h"

enum { REDIS_NUMBER_BYTES = 24, REDIS_FILL_MS = 10000 };

/* ---- asking ---- */

/* An error reply: keys of a wrong type are of no use to anybody; what else it is, is said. */
static enum err schedule_redis_judge(struct schedule *schedule, const struct redis_value *reply)
{
    const char *words[SCHEDULE_KEYS + 1] = {"DEL"};
    const struct redis_command command = {.words = words, .count = ARRAY_SIZE(words)};
    const struct redis_value *nothing;

    if (reply->type != REDIS_ERROR)
        return ERR_OK;
    metric_add(METRIC_SCHEDULE_ERRORS, 1);
    if (!schedule->was_refused)
        log_warn("schedule.refused", "Redis says: %s", reply->text);
    schedule->was_refused = true;
    if (!strstr(reply->text, "WRONGTYPE"))
        return ERR_UNAVAILABLE;
    for (size_t i = 0; i < SCHEDULE_KEYS; i++)
        words[i + 1] = schedule->keys[i];
    if (redis_call(schedule->redis, schedule->arena, &command, 1, &nothing))
        return ERR_UNAVAILABLE;
    return ERR_STORAGE_CORRUPT;
}

static enum err schedule_redis_ask(struct schedule *schedule, const char *const *words,
                                   size_t count, const struct redis_value **ret)
{
    const struct redis_command command = {.words = words, .count = count};
    enum err err = redis_call(schedule->redis, schedule->arena, &command, 1, ret);

    return err ? err : schedule_redis_judge(schedule, *ret);
}

static const char *schedule_redis_number(struct arena *arena, int64_t value)
{
    return arena_printf(arena, "%lld", (long long)value);
}

/* ---- taking ---- */

/* Milliseconds, which a double holds exactly; but anybody may have put anything there. */
#define SCORE_MOST 9e15
static int64_t schedule_redis_score(const char *text)
{
    double score = strtod(text, NULL);

    if (score < 0)
        return 0;
    return score < SCORE_MOST ? (int64_t)score : INT64_MAX;
}

/* Leases that ran out come back first. What is too long to be a member of ours goes out at once: no
 * answer must hold it. */
static const char schedule_take_script[] =
    "local garbage = 0 "
    "local function move(from, to, score) local moved = {} "
    "local list = redis.call('ZRANGEBYSCORE', from, '-inf', ARGV[1], 'LIMIT', 0, ARGV[3]) "
    "for _, member in ipairs(list) do redis.call('ZREM', from, member) "
    "if #member < tonumber(ARGV[4]) then redis.call('ZADD', to, score, member) "
    "moved[#moved + 1] = member else garbage = garbage + 1 end end return moved end "
    "move(KEYS[2], KEYS[1], ARGV[1]) "
    "local due = move(KEYS[1], KEYS[2], ARGV[2]) "
    "local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES') "
    "return {redis.call('GET', KEYS[3]), first[2] or false, due, garbage}";

/* What is no member of ours goes out again. */
static void schedule_redis_drop(struct schedule *schedule, const struct redis_value *member)
{
    const char *words[] = {"ZREM", NULL, member->text};
    const size_t lens[] = {4, 0, member->len};

    for (int set = SCHEDULE_DUE; set <= SCHEDULE_LEASED; set++) {
        size_t all[ARRAY_SIZE(lens)] = {lens[0], strlen(schedule->keys[set]), lens[2]};
        const struct redis_command command = {.words = words, .lens = all, .count = 3};
        const struct redis_value *nothing;

        words[1] = schedule->keys[set];
        if (redis_call(schedule->redis, schedule->arena, &command, 1, &nothing))
            return;
    }
    metric_add(METRIC_SCHEDULE_GARBAGE, 1);
}

static bool schedule_redis_entry(const struct redis_value *member, struct schedule_entry *ret)
{
    return member->type == REDIS_TEXT && strlen(member->text) == member->len &&
           schedule_member_parse(member->text, ret);
}

static void schedule_redis_read_taken(struct schedule *schedule, const struct redis_value *reply,
                                      struct schedule_taken *ret)
{
    const struct redis_value *items = reply->items;

    ret->has_generation = items[0].type == REDIS_TEXT;
    if (items[1].type == REDIS_TEXT)
        ret->next_due = schedule_redis_score(items[1].text);
    for (size_t i = 0; i < items[2].count && ret->count < SCHEDULE_TAKE_MOST; i++) {
        if (schedule_redis_entry(&items[2].items[i], &ret->entries[ret->count]))
            ret->count++;
        else if (items[2].items[i].type == REDIS_TEXT)
            schedule_redis_drop(schedule, &items[2].items[i]);
    }
}

enum err schedule_redis_take(struct schedule *schedule, struct schedule_taken *ret)
{
    struct arena *arena = schedule->arena;
    int64_t now_ms = clock_now_ms(schedule->config.clock);
    const char *keys[] = {schedule->keys[SCHEDULE_DUE], schedule->keys[SCHEDULE_LEASED],
                          schedule->keys[SCHEDULE_GENERATION]};
    const char *args[] = {schedule_redis_number(arena, now_ms),
                          schedule_redis_number(arena, now_ms + SCHEDULE_LEASE_MS),
                          schedule_redis_number(arena, SCHEDULE_TAKE_MOST),
                          schedule_redis_number(arena, SCHEDULE_MEMBER_BYTES)};
    const struct redis_script script = {schedule_take_script, keys, args, ARRAY_SIZE(keys),
                                        ARRAY_SIZE(args)};
    const struct redis_value *reply;
    enum err err = redis_script(schedule->redis, arena, &script, &reply);

    if (!err)
        err = schedule_redis_judge(schedule, reply);
    if (err)
        return err;
    *ret = (struct schedule_taken){.next_due = INT64_MAX};
    if (reply->type != REDIS_LIST || reply->count != 4 || reply->items[2].type != REDIS_LIST ||
        reply->items[3].type != REDIS_INT)
        return ERR_UNAVAILABLE;
    metric_add(METRIC_SCHEDULE_GARBAGE, reply->items[3].integer);
    schedule_redis_read_taken(schedule, reply, ret);
    return ERR_OK;
}

/* ---- changing ---- */

static const char *schedule_redis_member(struct arena *arena, const struct schedule_entry *entry)
{
    char text[SCHEDULE_MEMBER_BYTES];

    schedule_member(entry, text);
    return arena_string(arena, text);
}

enum err schedule_redis_add(struct schedule *schedule, const struct schedule_entry *entries,
                            size_t count)
{
    struct arena *arena = schedule->arena;
    const char **words = ARENA_ARRAY(arena, const char *, 2 + 2 * count);
    const struct redis_value *reply;

    if (!count)
        return ERR_OK;
    words[0] = "ZADD";
    words[1] = schedule->keys[SCHEDULE_DUE];
    for (size_t i = 0; i < count; i++) {
        words[2 + 2 * i] = schedule_redis_number(arena, entries[i].due_at);
        words[3 + 2 * i] = schedule_redis_member(arena, &entries[i]);
    }
    return schedule_redis_ask(schedule, words, 2 + 2 * count, &reply);
}

enum err schedule_redis_remove(struct schedule *schedule, const struct schedule_entry *entries,
                               size_t count, bool leased_only)
{
    const char **words = ARENA_ARRAY(schedule->arena, const char *, 2 + count);
    const struct redis_value *reply;
    enum err err = ERR_OK;

    if (!count)
        return ERR_OK;
    words[0] = "ZREM";
    for (size_t i = 0; i < count; i++)
        words[2 + i] = schedule_redis_member(schedule->arena, &entries[i]);
    for (int set = leased_only ? SCHEDULE_LEASED : SCHEDULE_DUE; set <= SCHEDULE_LEASED && !err;
         set++) {
        words[1] = schedule->keys[set];
        err = schedule_redis_ask(schedule, words, 2 + count, &reply);
    }
    return err;
}

/* ---- filling ---- */

/* Somebody's right that has no end, or too late a one, is nobody's. */
static const char schedule_claim_script[] =
    "local left = redis.call('PTTL', KEYS[1]) "
    "if left == -1 or left > tonumber(ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] then "
    "redis.call('DEL', KEYS[1]) end "
    "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end return 0";
static const char schedule_renew_script[] =
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
    "return redis.call('PEXPIRE', KEYS[1], ARGV[2])";
static const char schedule_filled_script[] =
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
    "redis.call('SET', KEYS[2], ARGV[2]) redis.call('DEL', KEYS[1]) return 1";

/* Runs a script over the right to fill, which answers whether it is ours. */
static enum err schedule_redis_right(struct schedule *schedule, const char *text, const char *value,
                                     bool *ret_ours)
{
    const char *keys[] = {schedule->keys[SCHEDULE_FILLING], schedule->keys[SCHEDULE_GENERATION]};
    const char *args[] = {schedule->token, value};
    const struct redis_script script = {text, keys, args, ARRAY_SIZE(keys), ARRAY_SIZE(args)};
    const struct redis_value *reply;
    enum err err = redis_script(schedule->redis, schedule->arena, &script, &reply);

    if (!err)
        err = schedule_redis_judge(schedule, reply);
    if (!err)
        *ret_ours = reply->type == REDIS_INT && reply->integer == 1;
    return err;
}

enum err schedule_redis_claim(struct schedule *schedule, bool *ret_ours)
{
    return schedule_redis_right(schedule, schedule_claim_script,
                                schedule_redis_number(schedule->arena, REDIS_FILL_MS), ret_ours);
}

enum err schedule_redis_renew(struct schedule *schedule, bool *ret_ours)
{
    return schedule_redis_right(schedule, schedule_renew_script,
                                schedule_redis_number(schedule->arena, REDIS_FILL_MS), ret_ours);
}

enum err schedule_redis_filled(struct schedule *schedule, bool *ret_ours)
{
    uint8_t random[16];
    char generation[UUID_TEXT_BYTES];

    id_random(random, sizeof(random));
    uuid_text(random, generation);
    return schedule_redis_right(schedule, schedule_filled_script, generation, ret_ours);
}

enum err schedule_redis_forget(struct schedule *schedule)
{
    const char *words[] = {"DEL", schedule->keys[SCHEDULE_GENERATION],
                           schedule->keys[SCHEDULE_FILLING]};
    const struct redis_value *reply;

    return schedule_redis_ask(schedule, words, ARRAY_SIZE(words), &reply);
}

/* ---- looking through ---- */

static const char schedule_scan_script[] =
    "local got = redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]) "
    "local members, garbage = {}, 0 "
    "for i = 1, #got[2], 2 do local member = got[2][i] "
    "if #member < tonumber(ARGV[3]) then members[#members + 1] = member "
    "else redis.call('ZREM', KEYS[1], member) garbage = garbage + 1 end end "
    "return {got[1], members, garbage}";

static void schedule_redis_read_members(struct schedule *schedule,
                                        const struct redis_value *members,
                                        struct schedule_rows *ret)
{
    *ret = (struct schedule_rows){
        .list = ARENA_ARRAY(schedule->arena, struct schedule_row, members->count + 1)};
    for (size_t i = 0; i < members->count; i++) {
        struct schedule_entry entry;

        if (schedule_redis_entry(&members->items[i], &entry))
            ret->list[ret->count++] = (struct schedule_row){entry.root_id, entry.execution_id,
                                                            entry.reservation_id, entry.epoch, 0};
        else if (members->items[i].type == REDIS_TEXT)
            schedule_redis_drop(schedule, &members->items[i]);
    }
}

enum err schedule_redis_scan(struct schedule *schedule, enum schedule_key set,
                             struct schedule_rows *ret)
{
    const char *keys[] = {schedule->keys[set]};
    const char *args[] = {schedule->cursor, schedule_redis_number(schedule->arena, SCHEDULE_PAGE),
                          schedule_redis_number(schedule->arena, SCHEDULE_MEMBER_BYTES)};
    const struct redis_script script = {schedule_scan_script, keys, args, ARRAY_SIZE(keys),
                                        ARRAY_SIZE(args)};
    const struct redis_value *reply, *items;
    enum err err = redis_script(schedule->redis, schedule->arena, &script, &reply);

    if (!err)
        err = schedule_redis_judge(schedule, reply);
    if (err)
        return err;
    items = reply->items;
    if (reply->type != REDIS_LIST || reply->count != 3 || items[0].type != REDIS_TEXT ||
        items[1].type != REDIS_LIST || items[2].type != REDIS_INT ||
        items[0].len >= sizeof(schedule->cursor))
        return ERR_UNAVAILABLE;
    snprintf(schedule->cursor, sizeof(schedule->cursor), "%s", items[0].text);
    metric_add(METRIC_SCHEDULE_GARBAGE, items[2].integer);
    schedule_redis_read_members(schedule, &items[1], ret);
    return ERR_OK;
}

/* A Redis that throws entries away by itself makes timers late; managed ones may not say. */
void schedule_redis_look(struct schedule *schedule)
{
    const char *words[] = {"CONFIG", "GET", "maxmemory-policy"};
    const struct redis_command command = {.words = words, .count = ARRAY_SIZE(words)};
    const struct redis_value *reply;

    if (redis_call(schedule->redis, schedule->arena, &command, 1, &reply))
        return;
    schedule->has_looked = true;
    if (reply->type != REDIS_LIST || reply->count != 2 || reply->items[1].type != REDIS_TEXT)
        return;
    if (strcmp(reply->items[1].text, "noeviction") != 0)
        log_warn("schedule.eviction",
                 "Redis' maxmemory-policy is %s: with anything but noeviction timers may be late",
                 reply->items[1].text);
}
