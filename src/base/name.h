/*
 * name.h - the one form that ids and names of clients have: 1 to 128 of A-Z a-z 0-9 . _ : -
 */
#ifndef FERMATA_BASE_NAME_H
#define FERMATA_BASE_NAME_H

#include <stdbool.h>

#define NAME_FORM "1 to 128 of A-Z a-z 0-9 . _ : -"

bool name_is_valid(const char *text);

/* What may name a thing that was made elsewhere: the Step Functions API takes more characters, and
 * joins names with ':' and '/'. No white space, no control characters, none of AWS's forbidden
 * ones. */
#define NAME_LOOKUP_FORM                                                                           \
    "1 to 512 bytes of a name: no white space, no < > { } [ ] ? * # % ^ | ~ $ & , ;"

bool name_may_be(const char *text);
/* Of an execution: one of ours, or one that was joined of several with ':'. */
bool name_may_be_execution(const char *text);

#endif
