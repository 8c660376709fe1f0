/*
 * sfn_core.h - the way of a request through this room: gate, shape, then the action's function;
 * seen by the files of that way only, not by the actions.
 */
#ifndef FERMATA_SFN_SFN_CORE_H
#define FERMATA_SFN_SFN_CORE_H

#include "sfn/sfn_priv.h"

/* ---- sfn.c: THE ACTION TABLE ---- */
const struct sfn_action *sfn_action_find(const char *name); /* or null */
const struct sfn_action *sfn_action_table(size_t *ret_count);

/* ---- sfn_gate.c: form, target, signature, scope, body, shape, in that order ---- */
/* Fills the call and runs its action, or answers the refusal. */
void sfn_gate_pass(struct sfn_call *call);

/* ---- sfn_shape.c ---- */
/* call->body (an object) into call->fields, by the action's table. A value of another type is a
 * SerializationException, everything else wrong with the members one ValidationException. */
enum err sfn_shape_read(struct sfn_call *call);

/* ---- sfn_keys.c: who an access key id stands for ---- */
struct sfn_key {
    const char *access_key_id, *secret_access_key;
    const char *operator_name, *portal_id, *subject;
    const char *account_id;
    unsigned scopes;
};
/* A copy in the arena. False when there is no such key. */
bool sfn_keys_find(struct sfn_keys *keys, struct arena *arena, const char *access_key_id,
                   struct sfn_key *ret);

/* ---- sfn_keys_file.c ---- */
#define SFN_KEYS_FILE "aws.json"
struct sfn_key_list {
    struct sfn_key *list;
    size_t count;
};
/* Reads the text of such a file; on ERR_INVALID_REQUEST *ret_cause says what is wrong with it, and
 * never holds a secret. All in the arena. */
enum err sfn_keys_parse(struct arena *arena, const char *text, size_t len, struct sfn_key_list *ret,
                        const char **ret_cause);
/* The whole file; ERR_NOT_FOUND when there is none, ERR_STORAGE_IO with errno. */
enum err sfn_keys_read(struct arena *arena, const char *path, const char **ret_text,
                       size_t *ret_len);

#endif
