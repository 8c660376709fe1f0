/*
 * reader.h - read-only connections, one for each thread that reads.
 *
 * A connection stays with its thread until the thread ends. Every read begins a transaction of its
 * own, so it sees all that was answered before it came, and nothing that is half done.
 */
#ifndef FERMATA_FRONT_READER_H
#define FERMATA_FRONT_READER_H

#include "store/store.h"

/* A store on a fresh snapshot of this thread's connection; reader_end after it. */
enum err reader_begin(const char *store_name, struct store *ret) MUST_CHECK;
void reader_end(struct store *store);

/* For one statement, outside of any transaction; reader_glanced after it, with what became of it.
 * Where a read must not fail when the server has just come back, reader_begin is needed. */
enum err reader_glance(const char *store_name, struct store *ret) MUST_CHECK;
void reader_glanced(enum err err);

#endif
