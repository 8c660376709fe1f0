/*
 * history.h - one row of our history in the shape of an AWS HistoryEvent.
 */
#ifndef FERMATA_SFN_HISTORY_H
#define FERMATA_SFN_HISTORY_H

#include "sfn/sfn_priv.h"
#include "store/views_sfn.h"

/* What the events of one execution have in common. */
struct history_frame {
    const char *plan_id;
    const char *role_arn;                /* of ExecutionStarted */
    const char *version_arn, *alias_arn; /* or null */
    bool with_data; /* false: inputs, outputs, parameters and variables are left out */
};

const struct json *history_event_shape(struct sfn_call *call, const struct history_frame *frame,
                                       const struct view_sfn_event *event);

#endif
