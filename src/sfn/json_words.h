/*
 * json_words.h - what is wrong with a text that is no JSON, in the words that clients of AWS know.
 */
#ifndef FERMATA_SFN_JSON_WORDS_H
#define FERMATA_SFN_JSON_WORDS_H

#include <stddef.h>

struct arena;

/* Null when this reading finds nothing wrong (our own parser is stricter), or nothing there at all.
 * *ret_offset (may be null): how many bytes were read when it was found. */
const char *json_words(struct arena *arena, const char *text, size_t len, size_t *ret_offset);
/* Of an offset: lines and columns count from 1, columns in characters. */
void json_words_place(const char *text, size_t offset, size_t *ret_line, size_t *ret_column);

#endif
