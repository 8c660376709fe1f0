/*
 * work_priv.h - what the files of this room share: a call on its way, and the ranges of addresses.
 */
#ifndef FERMATA_WORK_WORK_PRIV_H
#define FERMATA_WORK_WORK_PRIV_H

#include <curl/curl.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/buf.h"
#include "work/work.h"

/* IPv4 is kept in its IPv6 form, ::ffff:a.b.c.d, so that both spellings are one address. */
#define WORK_ADDRESS_BYTES 16
struct work_range {
    unsigned char bytes[WORK_ADDRESS_BYTES];
    unsigned bits;
};
struct work_ranges {
    struct work_range *ranges;
    size_t count;
};

/* "10.0.0.0/8", "::1/128"; false when it is not a range. */
bool work_range_parse(const char *text, struct work_range *ret);
/* May a call go to this address? Public ones, and what is in the allowed ranges. */
bool work_address_is_allowed(const struct work_ranges *allowed, const struct sockaddr *address);

/* One call, from submit to its callback. The queue's members are guarded by work's mutex, the
 * transfer's belong to work's thread. */
struct work_job {
    struct arena *arena; /* the job itself lives in it */
    struct work_call call;
    work_done_fn *done;
    void *user;
    int64_t deadline_us; /* clock_monotonic_us */
    size_t bytes;        /* of what was submitted */

    struct work_list *list; /* the one it is in */
    struct work_job *previous, *next;
    struct work_job *next_of_bucket;
    enum work_end end; /* while it is in the list of those that end */

    const struct work_ranges *allowed;
    CURL *easy; /* null: not running */
    CURLU *url;
    struct curl_slist *fields;
    char error[CURL_ERROR_SIZE];
    bool address_refused, address_opened; /* of any address that the host has */
    bool sent, lost, too_large, head_done;
    size_t head_bytes;
    int status;
    const char *status_text;
    struct work_header *headers;
    size_t header_count;
    struct buf body;
};

/* Checks the call and makes its handle; null, or why it is refused. */
const char *work_transfer_open(struct work_job *job, size_t answer_bytes_max);
/* What became of it. */
void work_transfer_answer(struct work_job *job, CURLcode code, struct work_answer *ret);
void work_transfer_close(struct work_job *job); /* also of one that never ran */

#endif
