/*
 * name.h - the one form that ids and names of clients have: 1 to 128 of A-Z a-z 0-9 . _ : -
 */
#ifndef FERMATA_BASE_NAME_H
#define FERMATA_BASE_NAME_H

#include <stdbool.h>

#define NAME_FORM "1 to 128 of A-Z a-z 0-9 . _ : -"

bool name_is_valid(const char *text);

#endif
